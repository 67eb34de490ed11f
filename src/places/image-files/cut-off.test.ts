import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { readAll } from "../../codec/read-all.ts";
import { readTar } from "../../tar/reader.ts";
import { packTar } from "../../tar/writer.ts";
import { counted } from "./counted.ts";
import { tidyArchive } from "./cut-off.ts";

const members = [
  { path: "a", size: 5, bytes: Buffer.from("first") },
  { path: "b", size: 3000, bytes: Buffer.alloc(3000, "b") },
];

async function archiveBytes(): Promise<Buffer> {
  return readAll(packTar(members), 1 << 20, "an archive");
}

test("an archive that comes to its end goes through as it is", async () => {
  const bytes = await archiveBytes();
  const archive = tidyArchive(Readable.from([bytes.subarray(0, 700), bytes.subarray(700)]));
  expect((await readAll(archive.stream, 1 << 20, "an archive")).equals(bytes)).toBe(true);
  expect(archive.failure()).toBeUndefined();
  archive.done();
});

test("wherever an archive fails, what came of it is no tar any more", async () => {
  const bytes = await archiveBytes();
  // At each block's edge, and in headers, content and padding.
  for (const at of [0, 100, 512, 515, 517, 700, 1024, 1536, 1537, 3000, 4536, 4600, 4608, 5000]) {
    const archive = tidyArchive(
      Readable.from(
        (async function* () {
          yield bytes.subarray(0, at);
          throw new Error("broken");
        })(),
      ),
    );
    const read = async (): Promise<string[]> => {
      const paths: string[] = [];
      let data = Buffer.alloc(0);
      for await (const event of readTar(archive.stream as AsyncIterable<Buffer>)) {
        if (event.kind === "entry") paths.push(event.entry.path);
        if (event.kind === "data") data = Buffer.concat([data, event.bytes]);
        // Whole members with other content are for digests to find.
        if (event.kind === "end" && !data.equals(Buffer.concat(members.map((one) => one.bytes))))
          throw new Error("spoilt");
      }
      return paths;
    };
    // Behind the last block that has content a reader may be content: nothing is missing there.
    if (at <= 4536) await expect(read(), `cut at ${at}`).rejects.toThrow();
    else await read().catch(() => undefined);
    expect(archive.failure()?.reason).toMatchObject({ message: "broken" });
    archive.done();
  }
});

test("who stops while bytes flow spoils the archive; who stops later gives up the engine", async () => {
  const stop = new AbortController();
  const endless = Readable.from(
    (async function* () {
      yield Buffer.from("x");
      await new Promise(() => undefined);
    })(),
  );
  const archive = tidyArchive(
    counted(endless, () => undefined),
    stop.signal,
  );
  setTimeout(() => stop.abort(new Error("enough")), 20);
  const bytes = await readAll(archive.stream, 1 << 20, "an archive");
  expect(bytes.length).toBeGreaterThan(1);
  expect(archive.failure()?.reason).toMatchObject({ message: "enough" });
  expect(archive.giveUp.aborted).toBe(false);
  archive.done();

  const late = new AbortController();
  const whole = tidyArchive(Readable.from([Buffer.from("all")]), late.signal);
  await readAll(whole.stream, 10, "an archive");
  late.abort(new Error("too late"));
  expect(whole.giveUp.aborted).toBe(true);
  whole.done();
});

test("an engine that stops reading is not the archive's failure", async () => {
  const source = Readable.from([Buffer.alloc(1 << 20), Buffer.alloc(1 << 20)]);
  const archive = tidyArchive(source);
  await new Promise((resolve) => archive.stream.once("data", resolve));
  archive.stream.destroy();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(source.destroyed).toBe(true);
  expect(archive.failure()).toBeUndefined();
  archive.done();
});
