// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.lodger.bench.Refusal;

/** Results in a JSON file. */
public final class ResultFile {
  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().create();

  private ResultFile() {}

  public static void write(Results results, Path file) {
    write(file, GSON.toJson(results) + "\n");
  }

  /** The file appears whole, or not at all. */
  public static void write(Path file, String text) {
    try {
      Path part = file.resolveSibling(file.getFileName() + ".part");
      Files.writeString(part, text);
      Files.move(part, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new Refusal("cannot write " + file + ": " + e);
    }
  }

  /** Refuses what is not ours in one line. */
  public static Results read(Path file) {
    try {
      JsonElement json = JsonParser.parseString(Files.readString(file));
      // Results that were never written have a format, too: it must stand in the file.
      if (!json.isJsonObject() || !json.getAsJsonObject().has("format")) {
        throw new Refusal(file + " is no result of lodger bench");
      }
      Results results = GSON.fromJson(json, Results.class);
      if (!Results.FORMAT.equals(results.format) || !whole(results)) {
        throw new Refusal(file + " is no result of lodger bench");
      }
      if (results.version != Results.VERSION) {
        throw new Refusal(
            file + " is of version " + results.version + "; this lodger reads " + Results.VERSION);
      }
      return results;
    } catch (NoSuchFileException e) {
      throw new Refusal("no file " + file);
    } catch (IOException e) {
      throw new Refusal("cannot read " + file + ": " + e.getMessage());
    } catch (JsonParseException e) {
      throw new Refusal(file + " is no JSON of lodger bench");
    }
  }

  private static boolean whole(Results results) {
    return results.rows != null
        && results.systems != null
        && results.host != null
        && results.costs != null
        && results.rejections != null
        && results.systems.stream().allMatch(column -> column != null && column.name() != null)
        && results.rows.stream().allMatch(ResultFile::whole);
  }

  private static boolean whole(Results.Row row) {
    return row != null
        && row.group() != null
        && row.name() != null
        && row.unit() != null
        && Unit.of(row.unit()).isPresent()
        && row.values() != null
        && row.values().values().stream().allMatch(ResultFile::whole);
  }

  private static boolean whole(List<Double> values) {
    return values != null
        && !values.isEmpty()
        && values.stream().allMatch(value -> value != null && Double.isFinite(value));
  }
}
