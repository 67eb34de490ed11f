import { readdir, readFile } from "node:fs/promises";
import { hostPlatform, type Platform } from "../../../oci/platform.ts";
import { findProgram } from "./host-programs.ts";

/** How programs of another architecture run on this machine. */
export type Emulation =
  /** They need no help. */
  | { kind: "none" }
  /** The kernel knows an emulator that works in containers too (binfmt_misc, flag F). */
  | { kind: "registered"; name: string }
  /** One is installed but not registered; a namespace of ours can register it for itself, from Linux 6.7 on. */
  | { kind: "own"; line: string; name: string }
  | { kind: "missing"; why: string };

/** Of architectures: what QEMU calls them, the ELF header's machine, bits and byte order. */
const architectures: Readonly<Record<string, { qemu: string; machine: number; bits: 32 | 64; big?: true }>> =
  {
    amd64: { qemu: "x86_64", machine: 62, bits: 64 },
    "386": { qemu: "i386", machine: 3, bits: 32 },
    arm64: { qemu: "aarch64", machine: 183, bits: 64 },
    arm: { qemu: "arm", machine: 40, bits: 32 },
    riscv64: { qemu: "riscv64", machine: 243, bits: 64 },
    ppc64le: { qemu: "ppc64le", machine: 21, bits: 64 },
    s390x: { qemu: "s390x", machine: 22, bits: 64, big: true },
    loong64: { qemu: "loongarch64", machine: 258, bits: 64 },
  };
const registrations = "/proc/sys/fs/binfmt_misc";

/** How programs of a platform run here. `host` is the architecture that runs them, this machine's when not said. */
export async function findEmulation(
  { architecture }: Platform,
  host = hostPlatform().architecture,
): Promise<Emulation> {
  if (architecture === host || (architecture === "386" && host === "amd64")) return { kind: "none" };
  const known = Object.hasOwn(architectures, architecture) ? architectures[architecture] : undefined;
  if (known === undefined) return { kind: "missing", why: `no emulator for ${architecture} is known` };
  const magic = elfMagic(known);
  for (const name of await readdir(registrations).catch(() => [])) {
    const text = await readFile(`${registrations}/${name}`, "utf8").catch(() => "");
    if (isRegistration(text, magic)) return { kind: "registered", name };
  }
  const emulator = findProgram(`qemu-${known.qemu}-static`);
  if (emulator === undefined)
    return {
      kind: "missing",
      why: `programs for ${architecture} do not run here: no emulator is in binfmt_misc, and qemu-${known.qemu}-static is not installed`,
    };
  return { kind: "own", line: registration(magic, emulator), name: emulator };
}

/** The first 20 bytes of a program (System V ABI, "ELF header"). */
function elfMagic({ machine, bits, big }: { machine: number; bits: 32 | 64; big?: true }): Buffer {
  const magic = Buffer.alloc(20);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, big === true ? 2 : 1, 1]).copy(magic);
  if (big === true) {
    magic.writeUInt16BE(2, 16);
    magic.writeUInt16BE(machine, 18);
  } else {
    magic.writeUInt16LE(2, 16);
    magic.writeUInt16LE(machine, 18);
  }
  return magic;
}

/** A line for `register` (Linux, admin-guide/binfmt-misc): the ABI's byte counts for nothing, and programs may be of type 2 or 3. */
function registration(magic: Buffer, emulator: string): string {
  const mask = Buffer.alloc(20, 0xff);
  mask.fill(0, 7, 16);
  mask[magic[5] === 2 ? 17 : 16] = 0xfe;
  return `:ddiff:M::${escaped(magic)}:${escaped(mask)}:${emulator}:F`;
}

/** Bytes as the kernel reads them there: `\x7f\x45`. */
function escaped(bytes: Buffer): string {
  return bytes.toString("hex").replaceAll(/../g, String.raw`\x$&`);
}

/** Whether what the kernel says of a registration is for such programs and works in other trees. */
function isRegistration(text: string, magic: Buffer): boolean {
  const found = /^magic ([0-9a-f]+)$/m.exec(text)?.[1] ?? "";
  const isEnabled = text.startsWith("enabled") && /^flags: .*F/m.test(text);
  const same = (from: number, to: number): boolean =>
    found.slice(2 * from, 2 * to) === magic.toString("hex", from, to);
  return isEnabled && same(0, 6) && same(18, 20);
}
