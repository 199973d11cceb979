// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.control.RuntimeFolder;
import org.lodger.virtio.vsock.HostSockets;
import org.lodger.virtio.vsock.VsockDevice;

/** --vsock: CID[,path=SOCKET]; without a path it is NAME.vsock beside the control socket. */
record VsockOption(long cid, Path path) {
  private static final Pattern FORM = Pattern.compile("(?<cid>\\d{1,10})(,path=(?<path>.+))?");
  private static final long CID_MAX = 0xfffffffeL;

  static VsockOption parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new UsageException(
          "--vsock " + text + ": write CID or CID,path=SOCKET, such as 3,path=v.sock");
    }
    long cid = Long.parseLong(form.group("cid"));
    if (cid <= VsockDevice.HOST_CID || cid > CID_MAX) {
      throw new UsageException("--vsock " + text + ": a guest's CID is 3 to " + CID_MAX);
    }
    String path = form.group("path");
    return new VsockOption(cid, path == null ? null : Path.of(path));
  }

  /** Listens on the host's side. */
  VsockDevice open(String guest) {
    try {
      Path socket = path == null ? RuntimeFolder.find().resolve(guest + ".vsock") : path;
      return new VsockDevice(cid, HostSockets.listen(socket));
    } catch (IOException e) {
      throw new UsageException("--vsock: " + e.getMessage());
    }
  }
}
