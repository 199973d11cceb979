// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall;

/**
 * What the launcher needs of {@code lodger_abi.h}. Names follow the header: a constant {@code X} is
 * {@code LODGER_X}; in a nested class, {@code FIELD} is the offset of {@code field} and {@code
 * SIZE_OF} the size of the struct. A test compiles the header and compares every value.
 */
public final class Abi {
  private Abi() {}

  public static final String NOTE_NAME = "Lodger";
  public static final int ABI_VERSION = 3;
  public static final int NOTE_ABI = 1;

  public static final long RAM_BASE = 0x700040000000L;
  public static final long RAM_MAX = 0x10000000000L;
  public static final long RAM_MIN = 0x2000000L;

  public static final int CONTROL_SIZE = 0x10000;
  public static final int CONTROL_BOOT = 0x0000;
  public static final int CONTROL_VCPUS = 0x1000;
  public static final int CONTROL_CMDLINE = 0x2000;
  public static final int CONTROL_COUNTERS = 0x3000;
  public static final int CONTROL_DEVICES = 0x8000;
  public static final int CMDLINE_MAX = 4096;
  public static final int MAX_DEVICES = 32;
  public static final int MAX_QUEUES = 8;

  public static final int FD_RAM = 3;
  public static final int FD_CONTROL = 4;
  public static final int FD_CONSOLE = 5;
  public static final int FD_DOORBELL = 16;

  public static final int EXIT_POWEROFF = 0;
  public static final int EXIT_USAGE = 2;
  public static final int EXIT_PANIC = 3;
  public static final int EXIT_REBOOT = 5;
  public static final int EXIT_INTERNAL = 70;

  public static final long BOOT_MAGIC = 0x524547444f4cL;

  public static final int VCPU_IDLE = 2;

  public static final int ISOLATION_PROCESS = 1;
  public static final int ISOLATION_KEY = 2;
  public static final int DEMOTED_KEY_CODE = 0;
  public static final int DEMOTED_WRITABLE = 1;
  public static final int DEMOTED_SHARED = 2;
  public static final int DEMOTED_PLACE = 3;

  public static final int IRQ_POWER = 1;
  public static final int IRQ_SLOTS = 2;
  public static final int IRQ_DEVICE = 8;

  /** {@code struct lodger_boot_info}. */
  public static final class BootInfo {
    private BootInfo() {}

    public static final int MAGIC = 0;
    public static final int ABI_VERSION = 8;
    public static final int VCPUS = 12;
    public static final int RAM_SIZE = 16;
    public static final int INITRD_PHYS = 24;
    public static final int INITRD_SIZE = 32;
    public static final int ENTRY = 40;
    public static final int TEXT_PHYS = 88;
    public static final int TEXT_SIZE = 96;
    public static final int SIZE_OF = 112;
  }

  /** {@code struct lodger_counters}. */
  public static final class Counters {
    private Counters() {}

    public static final int SPACES = 0;
    public static final int DEMOTED = 24;
    public static final int CALL_SITES = 56;
    public static final int HOST_CALLS = 64;
    public static final int SIZE_OF = 88;
  }

  /** {@code struct lodger_vcpu}. */
  public static final class Vcpu {
    private Vcpu() {}

    public static final int PENDING = 0;
    public static final int WAKE_SEQ = 64;
    public static final int STATE = 132;
    public static final int SIZE_OF = 256;
  }

  /** {@code struct lodger_queue}. */
  public static final class Queue {
    private Queue() {}

    public static final int SIZE_MAX = 0;
    public static final int SIZE = 4;
    public static final int DESC = 8;
    public static final int AVAIL = 16;
    public static final int USED = 24;
    public static final int READY = 32;
    public static final int SIZE_OF = 64;
  }

  /** {@code struct lodger_device}. */
  public static final class Device {
    private Device() {}

    public static final int DEVICE_ID = 0;
    public static final int NR_QUEUES = 4;
    public static final int DEVICE_FEATURES = 8;
    public static final int CONFIG_LEN = 16;
    public static final int CONFIG_GENERATION = 20;
    public static final int CONTROL_ACK = 24;
    public static final int STATUS_RESULT = 28;
    public static final int ISR = 32;
    public static final int REMOVE = 36;
    public static final int DRIVER_FEATURES = 64;
    public static final int STATUS = 72;
    public static final int CONTROL_SEQ = 76;
    public static final int DOORBELL = 80;
    public static final int REMOVED = 84;
    public static final int QUEUE = 128;
    public static final int CONFIG = 640;
    public static final int SIZE_OF = 1024;
  }
}
