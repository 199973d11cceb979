// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.p9;

import java.io.IOException;

/** Starts processes that serve one directory as 9P2000.L on their stdin and stdout. */
public interface FileServer {
  /**
   * The caller ends the process. It must die with its parent, and on SIGKILL at once.
   *
   * @throws IOException with a line for the log
   */
  Process start() throws IOException;

  /** The path that a client has to attach to, and the only one. */
  String root();

  /** The owner of the directory's files, as the server sees it: the guest's root has that id. */
  int owner();
}
