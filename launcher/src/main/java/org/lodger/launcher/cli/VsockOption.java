// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodger.launcher.UsageException;
import org.lodger.virtio.vsock.HostSockets;
import org.lodger.virtio.vsock.VsockDevice;

/** --vsock: CID,path=PREFIX. */
record VsockOption(long cid, Path path) {
  private static final Pattern FORM = Pattern.compile("(?<cid>\\d{1,10}),path=(?<path>.+)");
  private static final long CID_MAX = 0xfffffffeL;

  static VsockOption parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new UsageException(
          "--vsock " + text + ": write CID,path=SOCKET, such as 3,path=v.sock");
    }
    long cid = Long.parseLong(form.group("cid"));
    if (cid <= VsockDevice.HOST_CID || cid > CID_MAX) {
      throw new UsageException("--vsock " + text + ": a guest's CID is 3 to " + CID_MAX);
    }
    return new VsockOption(cid, Path.of(form.group("path")));
  }

  VsockDevice open() {
    try {
      return new VsockDevice(cid, HostSockets.listen(path));
    } catch (IOException e) {
      throw new UsageException("--vsock: " + e.getMessage());
    }
  }
}
