// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EscapeKeysTest implements EscapeKeys.Actions {
  private final List<String> done = new ArrayList<>();
  private final EscapeKeys keys = new EscapeKeys(this);

  private String type(String typed) {
    return new String(keys.filter(typed.getBytes(), typed.length()));
  }

  @Test
  void passesOrdinaryKeys() {
    assertEquals("ls\r\u0003x", type("ls\r\u0003x"));
    assertEquals(List.of(), done);
  }

  @Test
  void actsOnKeysBehindCtrlA() {
    assertEquals("ab", type("a\u0001h\u0001pb\u0001x"));
    assertEquals(List.of("help", "power", "quit"), done);
  }

  @Test
  void remembersCtrlAFromOneReadToTheNext() {
    assertEquals("", type("\u0001"));
    assertEquals("y", type("xy"));
    assertEquals(List.of("quit"), done);
  }

  @Test
  void sendsCtrlAForTwo() {
    assertEquals("\u0001x", type("\u0001\u0001x"));
    assertEquals("\u0001", type("\u0001a"));
    assertEquals("\u0001k", type("\u0001k"));
    assertEquals(List.of(), done);
  }

  @Override
  public void quit() {
    done.add("quit");
  }

  @Override
  public void powerButton() {
    done.add("power");
  }

  @Override
  public void help() {
    done.add("help");
  }
}
