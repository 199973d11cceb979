// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.boot;

import io.airlift.compress.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.lodger.launcher.UsageException;
import org.tukaani.xz.XZInputStream;

/** The bytes of a kernel file, decompressed if it is a gzip, xz or zstd file. */
public final class KernelFile implements AutoCloseable {
  private static final int GZIP = 0x1f8b;
  private static final int XZ = 0xfd37;
  private static final int ZSTD = 0x28b5;

  /** No kernel is that big; a few bytes of a hostile file can grow beyond any memory. */
  private static final int DECOMPRESSED_MAX = 1 << 29;

  private interface Source {
    int read(ByteBuffer to, long position) throws IOException;
  }

  private final Path path;
  private final long size;
  private final Source source;
  private final FileChannel channel;

  private KernelFile(Path path, long size, Source source, FileChannel channel) {
    this.path = path;
    this.size = size;
    this.source = source;
    this.channel = channel;
  }

  public static KernelFile open(Path path) {
    try {
      if (Files.isDirectory(path)) {
        throw new UsageException(path + " is a directory; --kernel takes a vmlinux file");
      }
      FileChannel channel = FileChannel.open(path);
      KernelFile plain = new KernelFile(path, channel.size(), channel::read, channel);
      int magic = plain.size < 2 ? 0 : plain.read(0, 2).getShort(0) & 0xffff;
      // ByteBuffers are big-endian unless told otherwise, and so are the magic numbers.
      if (magic != GZIP && magic != XZ && magic != ZSTD) {
        return plain;
      }
      channel.close();
      byte[] bytes = decompress(path, magic);
      ByteBuffer all = ByteBuffer.wrap(bytes);
      return new KernelFile(path, bytes.length, (to, at) -> copy(all, to, at), null);
    } catch (NoSuchFileException e) {
      throw new UsageException(
          "no kernel " + path + "; build one with ./lodger kernel build, or name another");
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  public Path path() {
    return path;
  }

  public long size() {
    return size;
  }

  /** Reads exactly {@code length} bytes, which must lie within the file. */
  public ByteBuffer read(long position, int length) {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    read(position, bytes);
    return bytes.flip();
  }

  /** Fills the buffer from the file. */
  public void read(long position, ByteBuffer to) {
    try {
      while (to.hasRemaining()) {
        int n = source.read(to, position);
        if (n < 0) {
          throw new EOFException("the file shrank while it was read");
        }
        position += n;
      }
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  @Override
  public void close() {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private static int copy(ByteBuffer all, ByteBuffer to, long position) {
    int length = Math.min(to.remaining(), all.limit() - (int) position);
    to.put(all.slice((int) position, length));
    return length;
  }

  private static byte[] decompress(Path path, int magic) throws IOException {
    try (InputStream file = new BufferedInputStream(Files.newInputStream(path), 1 << 16);
        InputStream in = decompressor(file, magic)) {
      byte[] bytes = in.readNBytes(DECOMPRESSED_MAX);
      if (bytes.length == DECOMPRESSED_MAX) {
        throw new UsageException(path + " is too big for a kernel once decompressed");
      }
      return bytes;
    } catch (IOException | RuntimeException e) {
      if (e instanceof UsageException) {
        throw e;
      }
      throw new UsageException(path + " is damaged and cannot be decompressed; fetch it again");
    }
  }

  private static InputStream decompressor(InputStream file, int magic) throws IOException {
    return switch (magic) {
      case GZIP -> new GZIPInputStream(file, 1 << 16);
      case XZ -> new XZInputStream(file);
      default -> new ZstdInputStream(file);
    };
  }

  private static UsageException unreadable(Path path, IOException e) {
    return new UsageException("cannot read the kernel " + path + ": " + e.getMessage());
  }
}
