// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lodger.launcher.Programs;
import org.lodger.launcher.UsageException;

/**
 * A Debian with systemd that boots to a login prompt on hvc0, and asks for an address on each
 * network card. Root has no password.
 */
public final class DebianDisk {
  private static final String PACKAGES =
      "systemd-sysv,udev,dbus,login,passwd,kmod,procps,iproute2,iputils-ping,netbase,less"
          // It brings systemd-resolved, which some suites have in a package of its own.
          + ",libnss-resolve";

  /** Each is a shell command with the new root folder as $1. */
  private static final List<String> CHANGES =
      List.of(
          "echo lodger >\"$1/etc/hostname\"",
          "echo '127.0.0.1 localhost lodger' >\"$1/etc/hosts\"",
          "echo '/dev/vda / ext4 defaults,errors=remount-ro 0 1' >\"$1/etc/fstab\"",
          "chroot \"$1\" passwd --quiet --delete root",
          "printf '[Match]\\nType=ether\\n[Network]\\nDHCP=yes\\n'"
              + " >\"$1/etc/systemd/network/80-dhcp.network\"",
          "chroot \"$1\" systemctl --quiet enable systemd-networkd systemd-resolved",
          "ln -sf ../run/systemd/resolve/stub-resolv.conf \"$1/etc/resolv.conf\"",
          // Each guest made from this image gets an identity of its own at its first boot.
          ": >\"$1/etc/machine-id\"; rm -f \"$1/var/lib/dbus/machine-id\"",
          "mkdir -p \"$1/etc/systemd/system/getty.target.wants\"",
          "ln -sf /lib/systemd/system/serial-getty@.service"
              + " \"$1/etc/systemd/system/getty.target.wants/serial-getty@hvc0.service\"");

  private DebianDisk() {}

  /** Packages that are downloaded stay in {@code cache} for the next disk. */
  public static void make(DiskImage image, String suite, String more, String mirror, Path cache) {
    Programs.need("mmdebstrap", "mmdebstrap");
    if (!DiskImage.ROOT) {
      Programs.need("newuidmap", "uidmap");
    }
    Path tar = null;
    try {
      Path packages = Files.createDirectories(cache.resolve("debian/" + suite));
      tar = Files.createTempFile(cache, "debian", ".tar");
      Programs.run(command(suite, more, mirror, packages, tar));
      image.fill(tar);
    } catch (IOException e) {
      throw new UsageException("cannot write to " + cache + ": " + e);
    } finally {
      if (tar != null) {
        tar.toFile().delete();
      }
    }
  }

  private static List<String> command(
      String suite, String more, String mirror, Path packages, Path tar) {
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of(
            "mmdebstrap",
            "--variant=minbase",
            "--format=tar",
            "--include=" + PACKAGES + (more.isEmpty() ? "" : "," + more),
            // The essential packages would be deleted before they reach the cache.
            "--skip=essential/unlink",
            "--setup-hook=mkdir -p \"$1/var/cache/apt/archives\"",
            "--setup-hook=sync-in \"" + packages + "\" /var/cache/apt/archives",
            "--customize-hook=sync-out /var/cache/apt/archives \"" + packages + "\""));
    CHANGES.forEach(change -> command.add("--customize-hook=" + change));
    command.add(suite);
    command.add(tar.toString());
    String source = mirror != null ? mirror : AptSources.mirror().orElse(null);
    if (source != null) {
      command.add(source);
    }
    return command;
  }
}
