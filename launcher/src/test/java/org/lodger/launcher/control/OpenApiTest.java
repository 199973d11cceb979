// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodger.launcher.life.Ending;
import org.lodger.launcher.life.LiveGuest;
import org.lodger.virtio.balloon.BalloonDevice;
import org.yaml.snakeyaml.Yaml;

/** The description and the server say the same. */
class OpenApiTest {
  private static final Path FILE = Path.of("../docs/control-api.yaml");

  @TempDir private Path dir;
  private Map<String, Object> described;
  private Router router;
  private LiveGuest still;

  @BeforeEach
  void read() throws IOException {
    try (Reader reader = Files.newBufferedReader(FILE)) {
      described = new Yaml().load(reader);
    }
    still = StillGuest.make(dir);
    router = new Router(new ControlApi(still).routes(), StillGuest.LOG);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> in(Map<String, Object> map, String... path) {
    Map<String, Object> at = map;
    for (String word : path) {
      assertTrue(at.containsKey(word), () -> "no " + word + " in " + String.join(" ", path));
      at = (Map<String, Object>) at.get(word);
    }
    return at;
  }

  @Test
  void sameRoutes() {
    Set<String> inFile = new TreeSet<>();
    for (String path : in(described, "paths").keySet()) {
      for (String method : in(described, "paths", path).keySet()) {
        inFile.add(method.toUpperCase(Locale.ROOT) + " " + path);
      }
    }
    Set<String> inServer = new TreeSet<>();
    router.routes().forEach(route -> inServer.add(route.method() + " " + route.path()));
    assertEquals(inFile, inServer);
  }

  /** What each route answers to an empty request is described, members and all. */
  @Test
  void describedAnswers() throws InterruptedException {
    for (Route route : router.routes()) {
      String path = route.path().replaceAll("\\{.*}", "nothing");
      Response response = router.handle(route.method(), path, "");
      Map<String, Object> answers =
          in(
              described,
              "paths",
              route.path(),
              route.method().toLowerCase(Locale.ROOT),
              "responses");
      String status = String.valueOf(response.status());
      assertTrue(answers.containsKey(status), route + " answers " + response);
      if (response.type() != null) {
        check(Json.read(response.body(), Object.class), schema(in(answers, status)), route.path());
      }
    }
  }

  @Test
  void describedEnding() {
    Object ending = Json.read(Json.write(new Ending(0, "power-off")), Object.class);
    check(ending, in(described, "components", "schemas", "Ending"), "ending");
  }

  @Test
  void describedLists() {
    List<?> disk = List.of(new LiveGuest.Disk("vda", "/f", true));
    List<?> network =
        List.of(new LiveGuest.Network("eth0", "user", "52:54:00:00:00:01", "10.0.2.15"));
    Map<String, Object> guest = in(described, "components", "schemas", "Guest", "properties");
    check(Json.read(Json.write(disk), Object.class), in(guest, "disks"), "disks");
    check(Json.read(Json.write(network), Object.class), in(guest, "networks"), "networks");
  }

  @Test
  void describedBalloon() throws InterruptedException {
    still.balloon(new BalloonDevice(still.guest().ram()));
    assertEquals(204, router.handle("PUT", "/v1/balloon", "{\"targetBytes\": 8193}").status());
    String most = Long.toString(still.guest().ram().size());
    String more = Long.toString(still.guest().ram().size() + 1);
    for (String bad : List.of(more, "-1", "1.5", "1e3", "true", "[]", "{}", "99999999999999999999")) {
      String body = "{\"targetBytes\": " + bad + "}";
      assertEquals(400, router.handle("PUT", "/v1/balloon", body).status(), bad);
    }
    Response state = router.handle("GET", "/v1/balloon", "");
    check(
        Json.read(state.body(), Object.class),
        in(described, "components", "schemas", "Balloon"),
        "balloon");
    assertTrue(state.body().contains("\"targetBytes\": 8192"), state.body());
    assertEquals(204, router.handle("PUT", "/v1/balloon", "{\"targetBytes\": " + most + "}").status());
  }

  private Map<String, Object> schema(Map<String, Object> response) {
    return in(resolve(response), "content", "application/json", "schema");
  }

  private Map<String, Object> resolve(Map<String, Object> node) {
    Object reference = node.get("$ref");
    return reference == null
        ? node
        : in(described, reference.toString().substring("#/".length()).split("/"));
  }

  private void check(Object value, Map<String, Object> schema, String where) {
    Map<String, Object> is = resolve(schema);
    switch (is.get("type").toString()) {
      case "array" -> ((List<?>) value).forEach(each -> check(each, in(is, "items"), where));
      case "object" -> checkObject((Map<?, ?>) value, is, where);
      case "string" -> assertTrue(value instanceof String, where);
      case "boolean" -> assertTrue(value instanceof Boolean, where);
      default -> assertTrue(value instanceof Number, where);
    }
  }

  private void checkObject(Map<?, ?> value, Map<String, Object> schema, String where) {
    Map<String, Object> properties = in(schema, "properties");
    assertTrue(
        value.keySet().containsAll(new HashSet<>((List<?>) schema.get("required"))),
        where + " has only " + value.keySet());
    value.forEach((name, each) -> check(each, in(properties, name.toString()), where + "/" + name));
  }
}
