// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compiles the header and compares every constant that {@link Abi} mirrors. */
class AbiTest {
  private static final Path HEADER = Path.of("include/lodger_abi.h").toAbsolutePath();

  private static final String FIRST = "0001-um-lodger-Add-the-ABI-header.patch";

  @TempDir Path dir;

  @Test
  void mirrorsTheHeader() throws Exception {
    Map<String, String> mirrored = new TreeMap<>();
    StringBuilder c = new StringBuilder();
    c.append("#include <stddef.h>\n#include <stdio.h>\n");
    c.append("#include \"").append(HEADER).append("\"\nint main(void)\n{\n");
    for (Field field : Abi.class.getDeclaredFields()) {
      String expression = "LODGER_" + field.getName();
      if (field.getType() == String.class) {
        print(c, "%s", expression, expression);
        mirrored.put(expression, (String) field.get(null));
      } else {
        print(c, "%lld", expression, "(long long)" + expression);
        mirrored.put(expression, String.valueOf(field.getLong(null)));
      }
    }
    for (Class<?> mirror : Abi.class.getDeclaredClasses()) {
      String struct = "struct lodger_" + snake(mirror.getSimpleName());
      for (Field field : mirror.getDeclaredFields()) {
        String member = field.getName().toLowerCase(Locale.ROOT);
        String expression =
            member.equals("size_of")
                ? "sizeof(" + struct + ")"
                : "offsetof(" + struct + ", " + member + ")";
        print(c, "%lld", expression, "(long long)" + expression);
        mirrored.put(expression, String.valueOf(field.getLong(null)));
      }
    }
    c.append("return 0;\n}\n");

    Map<String, String> header = new TreeMap<>();
    for (String line : compileAndRun(c.toString()).split("\n")) {
      String[] pair = line.split("\t");
      header.put(pair[0], pair[1]);
    }
    assertTrue(mirrored.size() > 50, "the mirror is empty");
    assertEquals(header, mirrored);
  }

  /** A series cannot include a file from outside the kernel's tree, so it carries a copy. */
  @Test
  void everySeriesCarriesTheHeader() throws IOException {
    Path patches = Path.of("../guest-kernel-patches").toAbsolutePath();
    try (Stream<Path> series = Files.list(patches).filter(s -> Files.exists(s.resolve(FIRST)))) {
      List<Path> all = series.toList();
      assertTrue(!all.isEmpty(), "no series in " + patches);
      for (Path one : all) {
        assertEquals(Files.readString(HEADER), addedBy(one.resolve(FIRST)), one.toString());
      }
    }
  }

  /** The content of the only file that a patch adds. */
  private static String addedBy(Path patch) throws IOException {
    return Files.readAllLines(patch).stream()
        .dropWhile(line -> !line.startsWith("@@"))
        .filter(line -> line.startsWith("+"))
        .map(line -> line.substring(1) + "\n")
        .collect(Collectors.joining());
  }

  private static void print(StringBuilder c, String format, String name, String expression) {
    c.append(String.format("printf(\"%s\\t%s\\n\", %s);%n", name, format, expression));
  }

  private static String snake(String name) {
    return name.replaceAll("(?<=.)([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }

  private String compileAndRun(String source) throws IOException, InterruptedException {
    Path file = Files.writeString(dir.resolve("abi.c"), source);
    Path program = dir.resolve("abi");
    run("gcc", "-Wall", "-Werror", "-o", program.toString(), file.toString());
    return run(program.toString());
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (InputStream in = process.getInputStream()) {
      String output = new String(in.readAllBytes());
      assertEquals(0, process.waitFor(), output);
      return output;
    }
  }
}
