import type { Readable } from "node:stream";
import { AbstractMessageReader, type DataCallback, type Disposable } from "vscode-languageserver/node";

/** The largest document that is looked at has 4 MiB; JSON makes at most six bytes of one. */
const largestMessage = 32 * 1024 * 1024;
const largestHeader = 8 * 1024;

/** A message that is not JSON. Those after it can be read. */
export class NotJson extends Error {}

/**
 * Reads messages of the base protocol (a header with `Content-Length`, then JSON). Where a header cannot be understood nobody knows where the
 * next message starts: that ends the reader, as the end of the stream does. The package's own reader stays deaf after a negative length, and
 * takes messages without end.
 */
export class MessageReader extends AbstractMessageReader {
  readonly #input: Readable;
  #chunks: Buffer[] = [];
  #held = 0;
  /** How many bytes there must be before it is worth looking. */
  #wanted = 0;
  #broken = false;

  constructor(input: Readable) {
    super();
    this.#input = input;
  }

  listen(callback: DataCallback): Disposable {
    const take = (chunk: Buffer): void => this.#take(chunk, callback);
    const close = (): void => this.fireClose();
    const fail = (error: Error): void => this.fireError(error);
    this.#input.on("data", take).on("end", close).on("close", close).on("error", fail);
    return {
      dispose: () => {
        this.#input.off("data", take).off("end", close).off("close", close).off("error", fail);
      },
    };
  }

  #take(chunk: Buffer, callback: DataCallback): void {
    if (this.#broken) return;
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#wanted) return;
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#wanted = 0;
    try {
      for (let cut = cutMessage(rest); ; cut = cutMessage(rest)) {
        if (typeof cut === "number") {
          this.#wanted = cut;
          break;
        }
        rest = cut.rest;
        this.#deliver(cut.body, callback);
      }
    } catch (error) {
      this.#broken = true;
      rest = Buffer.alloc(0);
      this.fireError(error);
      this.fireClose();
    }
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
  }

  #deliver(body: Buffer, callback: DataCallback): void {
    let message: unknown;
    try {
      message = JSON.parse(body.toString("utf8"));
    } catch {
      this.fireError(new NotJson("a message is not JSON"));
      return;
    }
    if (typeof message === "object" && message !== null && !Array.isArray(message))
      callback(message as Parameters<DataCallback>[0]);
    else this.fireError(new NotJson("a message is no JSON object"));
  }
}

/** The first message's body and what follows it, or how many bytes it takes to see more. Throws where there is no header. */
function cutMessage(bytes: Buffer): { body: Buffer; rest: Buffer } | number {
  const end = bytes.subarray(0, largestHeader).indexOf("\r\n\r\n");
  if (end < 0) {
    if (bytes.length >= largestHeader) throw new Error("the client's message has no end of its header");
    return bytes.length + 1;
  }
  const length = /^Content-Length:[ \t]*(\d{1,10})[ \t]*$/im.exec(bytes.toString("latin1", 0, end))?.[1];
  if (length === undefined) throw new Error("the client's message does not say its length");
  if (Number(length) > largestMessage) throw new Error(`the client's message is too large: ${length} bytes`);
  const from = end + 4;
  const to = from + Number(length);
  return bytes.length < to ? to : { body: bytes.subarray(from, to), rest: bytes.subarray(to) };
}
