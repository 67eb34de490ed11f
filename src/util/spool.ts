import { closeSync, mkdirSync, openSync, unlinkSync, writeSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { diskError } from "./disk.ts";
import { systemErrorCode } from "./errors.ts";
import { type Bytes, fileBytes } from "./random-bytes.ts";

const gatherSize = 1 << 20;
/** From this length on, a write of its own costs less than a copy. */
const directSize = 128 << 10;

/**
 * A temporary file that is appended to and read back at random. It has no name once it is open, so that a killed
 * process leaves nothing behind, unless it was asked to keep its name (`path`) for a sink to move.
 */
export class Spool {
  readonly path: string;
  readonly #fd: number;
  readonly #gathered = Buffer.allocUnsafe(gatherSize);
  #gatheredLength = 0;
  #written = 0;
  #named: boolean;
  #isClosed = false;

  /** Throws `DISK_FULL` or `TEMP_FAILED`. */
  constructor(tempDir: string, options: { named?: boolean } = {}) {
    mkdirSync(tempDir, { recursive: true });
    this.path = join(tempDir, `spool-${randomUUID()}`);
    this.#fd = withAdvice(tempDir, () => openSync(this.path, "wx+", 0o600));
    this.#named = options.named ?? false;
    if (!this.#named) unlinkSync(this.path);
  }

  /** Bytes appended so far. */
  get length(): number {
    return this.#written + this.#gatheredLength;
  }

  /** Appends a copy of `bytes`. Synchronous: small appends are gathered into writes of up to a mebibyte. */
  append(bytes: Uint8Array): void {
    if (bytes.length >= directSize) {
      this.flush();
      this.#write(bytes);
      return;
    }
    let at = 0;
    while (at < bytes.length) {
      const some = Math.min(bytes.length - at, gatherSize - this.#gatheredLength);
      this.#gathered.set(bytes.subarray(at, at + some), this.#gatheredLength);
      this.#gatheredLength += some;
      at += some;
      if (this.#gatheredLength === gatherSize) this.flush();
    }
  }

  /** Makes all that was appended readable. */
  flush(): void {
    if (this.#gatheredLength === 0) return;
    this.#write(this.#gathered.subarray(0, this.#gatheredLength));
    this.#gatheredLength = 0;
  }

  /** A view of `length` bytes from `offset`. Bytes still gathered are written first. */
  bytes(offset: number, length: number): Bytes {
    if (offset + length > this.#written) this.flush();
    return fileBytes(this.#fd, offset, length);
  }

  /** Closes the file; a named one is deleted too (nothing happens where a sink has moved it). May be called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
    if (!this.#named) return;
    this.#named = false;
    try {
      unlinkSync(this.path);
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    }
  }

  #write(bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) {
      done += withAdvice(this.path, () =>
        writeSync(this.#fd, bytes, done, bytes.length - done, this.#written + done),
      );
    }
    this.#written += bytes.length;
  }
}

/** Runs a file operation and turns a full disk into an error that says what to do. */
function withAdvice<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw diskError(error, path);
  }
}
