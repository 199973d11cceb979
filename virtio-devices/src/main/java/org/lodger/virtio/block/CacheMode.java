// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

/** What stands between a guest's write and the host's disk, named as in QEMU. */
public enum CacheMode {
  /** Direct I/O: nothing but the disk's own cache, until the guest flushes. */
  NONE,
  /** The host's page cache, until the guest flushes. */
  WRITEBACK,
  /** A write is on the disk when it completes. */
  WRITETHROUGH
}
