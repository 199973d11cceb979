// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.p9;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Whose files they are. The server runs as one user who may do nothing but what that user may do;
 * to the guest that user is root, as on a disk made of a folder. So three kinds of message change
 * on their way: everybody attaches as that user, and to the one directory there is; the owner shows
 * as 0; and a file may be given to 0.
 */
final class Owners {
  private static final int SETATTR_VALID = 11;
  private static final int SETATTR_UID = 19;
  private static final int SETATTR_GID = 23;
  private static final int SETATTR_BYTES = 67;
  private static final int VALID_UID = 2;
  private static final int VALID_GID = 4;

  private static final int GETATTR_UID = 32;
  private static final int GETATTR_GID = 36;

  private static final int ATTACH_NAMES = 15;

  private final byte[] root;
  private final int owner;

  Owners(String root, int owner) {
    this.root = root.getBytes(StandardCharsets.UTF_8);
    this.owner = owner;
  }

  /** What the server is to get for a request of the guest's; null if it is not to be had. */
  byte[] toServer(byte[] message) {
    return switch (Message.type(message)) {
      case Message.TATTACH -> attach(message);
      case Message.TSETATTR -> setattr(message);
      default -> message;
    };
  }

  /**
   * {@code fid[4] afid[4] uname[s] aname[s] n_uname[4]}. The names are ours; a guest that asks for
   * another directory gets none, and a message that ends early is the server's to refuse.
   */
  private byte[] attach(byte[] message) {
    if (message.length < ATTACH_NAMES + 2) {
      return message;
    }
    int aname = ATTACH_NAMES + 2 + Message.shortAt(message, ATTACH_NAMES);
    if (message.length < aname + 2) {
      return message;
    }
    int length = Message.shortAt(message, aname);
    if (length > 1 || length == 1 && (message.length == aname + 2 || message[aname + 2] != '/')) {
      return null;
    }
    int size = ATTACH_NAMES + 2 + 2 + root.length + 4;
    return ByteBuffer.allocate(size)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(size)
        .put(message, 4, ATTACH_NAMES - 4)
        .putShort((short) 0)
        .putShort((short) root.length)
        .put(root)
        .putInt(owner)
        .array();
  }

  private byte[] setattr(byte[] message) {
    if (message.length >= SETATTR_BYTES) {
      ByteBuffer view = Message.view(message);
      int valid = view.getInt(SETATTR_VALID);
      replace(view, SETATTR_UID, (valid & VALID_UID) != 0, 0, owner);
      replace(view, SETATTR_GID, (valid & VALID_GID) != 0, 0, owner);
    }
    return message;
  }

  /** Changes a reply of the server's in place. */
  void toGuest(byte[] message, int size) {
    if (Message.type(message) == Message.RGETATTR && size >= GETATTR_GID + 4) {
      ByteBuffer view = Message.view(message);
      replace(view, GETATTR_UID, true, owner, 0);
      replace(view, GETATTR_GID, true, owner, 0);
    }
  }

  private static void replace(ByteBuffer view, int offset, boolean valid, int from, int to) {
    if (valid && view.getInt(offset) == from) {
      view.putInt(offset, to);
    }
  }
}
