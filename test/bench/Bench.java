// SPDX-License-Identifier: Apache-2.0

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Runs the same static programs natively, in Lodger and in linux.uml, one after the other in every
 * round, all on one CPU, so that what else the machine does hits all three. See the script beside.
 */
final class Bench {
  private static final int DATA_MIB = 256;

  private enum Kind { MICRO, BLOCK, BOOT }

  /** All values of one row, by system. */
  private record Row(String name, Map<String, List<Double>> values) {
    boolean moreIsBetter() {
      return name.endsWith("/s") || name.endsWith("IOPS");
    }
  }

  private final Path home;
  private final Path work;
  private int rounds = 5;
  private int cpu;
  private List<Kind> kinds = List.of(Kind.values());
  private Path output;
  private final Map<Kind, Map<String, Row>> rows = new TreeMap<>();
  private final boolean uml = found("linux.uml");
  private final boolean fio = found("fio");

  private Bench(Path home) throws IOException {
    this.home = home;
    String cache = System.getenv("XDG_CACHE_HOME");
    Path base = cache == null || cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
    work = Files.createDirectories(base.resolve("lodger/bench"));
    output = home.resolve("docs/performance.md");
    cpu = Runtime.getRuntime().availableProcessors() - 1;
  }

  public static void main(String[] args) throws Exception {
    Bench bench = new Bench(homeOf());
    bench.parse(args);
    bench.prepare();
    for (int round = 1; round <= bench.rounds; round++) {
      for (Kind kind : bench.kinds) {
        System.err.printf("round %d of %d: %s%n", round, bench.rounds, kind.name().toLowerCase(Locale.ROOT));
        bench.round(kind);
      }
    }
    Files.writeString(bench.output, bench.report());
    System.err.println("wrote " + bench.output);
  }

  private static Path homeOf() {
    Path at = Path.of("").toAbsolutePath();
    while (at != null && !Files.exists(at.resolve("test/bench/micro.c"))) {
      at = at.getParent();
    }
    if (at == null) {
      throw fail("start this inside the project's folder");
    }
    return at;
  }

  private static RuntimeException fail(String text) {
    System.err.println("bench: " + text);
    System.exit(2);
    return new IllegalStateException(text);
  }

  private void parse(String[] args) {
    if (args.length % 2 != 0) {
      throw fail("usage: run [--rounds N] [--cpu N] [--rows micro,block,boot] [--output FILE]");
    }
    for (int i = 0; i < args.length; i += 2) {
      String value = args[i + 1];
      switch (args[i]) {
        case "--rounds" -> rounds = Integer.parseInt(value);
        case "--cpu" -> cpu = Integer.parseInt(value);
        case "--output" -> output = Path.of(value);
        case "--rows" -> kinds = List.of(value.split(",")).stream()
            .map(name -> Kind.valueOf(name.toUpperCase(Locale.ROOT))).toList();
        default -> throw fail("unknown option " + args[i]);
      }
    }
  }

  private static boolean found(String program) {
    return List.of(System.getenv("PATH").split(":")).stream()
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  /** One disk with the programs for both guests, and a file of data for each. */
  private void prepare() throws IOException, InterruptedException {
    Path bench = home.resolve("test/bench");
    Path tree = Files.createDirectories(work.resolve("tree"));
    call("gcc", "-O2", "-static", "-pthread", "-o", tree.resolve("micro").toString(), bench.resolve("micro.c").toString());
    for (String script : List.of("bench-init", "block")) {
      Files.copy(bench.resolve(script), tree.resolve(script), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
    }
    List<String> disk = new ArrayList<>(List.of(home.resolve("test/guest/build-disk").toString(),
        work.resolve("lodger.img").toString(), "128M", tree.toString()));
    if (fio) {
      disk.add("fio");
    } else if (kinds.contains(Kind.BLOCK)) {
      throw fail("fio is missing; install it, or leave block out with --rows micro,boot");
    }
    call(disk.toArray(String[]::new));
    call("cp", "--sparse=always", work.resolve("lodger.img").toString(), work.resolve("uml.img").toString());
    for (String system : List.of("native", "lodger", "uml")) {
      call("dd", "if=/dev/urandom", "of=" + work.resolve(system + ".data"), "bs=1M", "count=" + DATA_MIB, "status=none");
    }
    if (uml) {
      call("gcc", "-O2", "-shared", "-fPIC", "-o", work.resolve("uml-xstate.so").toString(), bench.resolve("uml-xstate.c").toString());
    } else {
      System.err.println("bench: no linux.uml (package user-mode-linux): its columns stay empty");
    }
    call(home.resolve("lodger").toString(), "run", "--", "true"); // builds what is missing
  }

  private static void call(String... line) throws IOException, InterruptedException {
    if (new ProcessBuilder(line).inheritIO().start().waitFor() != 0) {
      throw fail(String.join(" ", line) + " failed");
    }
  }

  private void round(Kind kind) throws IOException, InterruptedException {
    if (kind != Kind.BOOT) {
      String program = work.resolve("tree").resolve(kind == Kind.MICRO ? "micro" : "block").toString();
      List<String> line = new ArrayList<>(pinned(program));
      if (kind == Kind.BLOCK) {
        line.addAll(List.of(work.resolve("native.data").toString(), "0"));
      }
      measure(kind, "native", line);
    }
    measure(kind, "Lodger", lodger(kind));
    if (uml) {
      measure(kind, "UML", uml(kind));
    }
  }

  private List<String> pinned(String... line) {
    List<String> pinned = new ArrayList<>(List.of("taskset", "-c", Integer.toString(cpu)));
    pinned.addAll(List.of(line));
    return pinned;
  }

  private static String kernelArguments(Kind kind, String device) {
    return "init=/test/bench-init bench=" + kind.name().toLowerCase(Locale.ROOT) + " device=" + device + " printk.time=1 quiet";
  }

  /** The launcher may use the other CPUs, as it does for a user; guest code is pinned. */
  private List<String> lodger(Kind kind) {
    return List.of(home.resolve("lodger").toString(), "run", "--mem", "512M", "--cpu", Integer.toString(cpu),
        "--disk", work.resolve("lodger.img").toString(), "--disk", work.resolve("lodger.data").toString(),
        "--append", kernelArguments(kind, "/dev/vdb"));
  }

  private List<String> uml(Kind kind) {
    List<String> line = new ArrayList<>(pinned("env", "LD_PRELOAD=" + work.resolve("uml-xstate.so"), "linux.uml", "mem=512M",
        "ubd0=" + work.resolve("uml.img"), "ubd1=" + work.resolve("uml.data"), "root=/dev/ubda", "rw",
        "con=null", "con0=null,fd:1"));
    line.addAll(List.of(kernelArguments(kind, "/dev/ubdb").split(" ")));
    return line;
  }

  private void measure(Kind kind, String system, List<String> line) throws IOException, InterruptedException {
    long start = System.nanoTime();
    Process process = new ProcessBuilder(line).redirectErrorStream(true).redirectInput(Path.of("/dev/null").toFile()).start();
    StringBuilder said = new StringBuilder();
    int found = 0;
    try (BufferedReader reader = process.inputReader()) {
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        said.append(text).append('\n');
        String[] words = text.strip().split(" ");
        if (kind == Kind.BOOT && words[0].equals("INIT-REACHED")) {
          add(kind, "start-to-init-ms", system, (System.nanoTime() - start) / 1e6);
        }
        boolean wanted = words.length == 3 && words[0].equals("ROW")
            && (kind == Kind.BOOT) == words[1].equals("kernel-to-init-ms");
        if (wanted) {
          add(kind, words[1], system, Double.parseDouble(words[2]));
          found++;
        }
      }
    }
    process.waitFor();
    if (kind == Kind.BOOT) {
      add(kind, "start-to-end-ms", system, (System.nanoTime() - start) / 1e6);
    }
    if (found == 0) {
      throw fail(system + " measured nothing:\n" + said);
    }
  }

  private void add(Kind kind, String name, String system, double value) {
    rows.computeIfAbsent(kind, k -> new LinkedHashMap<>())
        .computeIfAbsent(name, n -> new Row(n, new TreeMap<>()))
        .values().computeIfAbsent(system, s -> new ArrayList<>()).add(value);
  }

  private String report() throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("# Performance\n\nWritten by `test/bench/run`; run it to measure your own machine.\n\n");
    text.append(String.format("- %s, %s%n", LocalDate.now(), cpuModel()));
    text.append(String.format("- host Linux %s, %d CPUs; guests have 512 MiB, everything is pinned to CPU %d%n",
        System.getProperty("os.version"), Runtime.getRuntime().availableProcessors(), cpu));
    text.append(String.format("- %d rounds, each native, Lodger, UML in turn; median (least to most)%n", rounds));
    text.append("- the same static program everywhere; UML is Debian's `linux.uml` with its default ptrace mode\n");
    if (Files.readString(Path.of("/proc/cpuinfo")).contains("amx_tile")) {
      text.append("- this CPU has AMX, with which `linux.uml` does not start: it runs with `test/bench/uml-xstate.c`\n");
    }
    section(text, Kind.MICRO, "Micro-benchmarks", "Nanoseconds, unless the name says otherwise.");
    section(text, Kind.BLOCK, "Block", "fio on 256 MiB, one request at a time, 2 s a row. Guests use O_DIRECT on a disk whose"
        + " file the host caches (`cache=writeback`, UML's ubd); native is buffered file access.");
    section(text, Kind.BOOT, "Boot", "From the key press to the first line of init, and to the end of the whole process"
        + " (init powers off at once); and what the kernel's own clock says at init.");
    return text.toString();
  }

  private static String cpuModel() throws IOException {
    return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
        .filter(line -> line.startsWith("model name")).map(line -> line.replaceAll(".*: ", "")).findFirst().orElse("unknown CPU");
  }

  private void section(StringBuilder text, Kind kind, String title, String explanation) {
    if (!rows.containsKey(kind)) {
      return;
    }
    text.append(String.format("%n## %s%n%n%s%n%n| test | native | Lodger | UML | Lodger : UML | Lodger : native |%n|---|---|---|---|---|---|%n",
        title, explanation));
    for (Row row : rows.get(kind).values()) {
      text.append(String.format("| %s | %s | %s | %s | %s | %s |%n", row.name() + (row.moreIsBetter() ? " (more is better)" : ""),
          cell(row, "native"), cell(row, "Lodger"), cell(row, "UML"), ratio(row, "UML"), ratio(row, "native")));
    }
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  private static String cell(Row row, String system) {
    List<Double> values = row.values().get(system);
    if (values == null) {
      return "-";
    }
    return String.format("%s (%s to %s)", number(median(values)),
        number(values.stream().min(Double::compare).orElseThrow()), number(values.stream().max(Double::compare).orElseThrow()));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%,.0f", value);
  }

  private static String ratio(Row row, String other) {
    List<Double> values = row.values().get(other);
    return values == null ? "-" : String.format(Locale.ROOT, "%.2f", median(row.values().get("Lodger")) / median(values));
  }
}
