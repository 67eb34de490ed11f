/** The database that SUSE's rpm writes as `Packages.db` (lib/backend/ndb in rpm's sources): numbers are little-endian. */
const magic = { database: "RpmP", slot: "Slot", blob: "BlbS" };
const pageSize = 4096;
const blockSize = 16;
const slotSize = 16;
/** The first slots of the first page are its header. */
const headerSize = 32;
const blobHeaderSize = 16;

/** The headers in an ndb database; slots that are damaged or lead to what is not there are passed over. */
export function* readNdb(file: Buffer): Generator<Buffer, void, void> {
  if (file.length < headerSize || file.toString("latin1", 0, 4) !== magic.database) return;
  const end = Math.min(file.length, file.readUInt32LE(12) * pageSize);
  // Blobs that lie over each other cannot make more than the file has.
  let left = file.length;
  for (let at = headerSize; at + slotSize <= end; at += slotSize) {
    if (file.toString("latin1", at, at + 4) !== magic.slot) continue;
    const number = file.readUInt32LE(at + 4);
    const start = file.readUInt32LE(at + 8) * blockSize;
    if (number === 0 || start + blobHeaderSize > file.length) continue;
    if (file.toString("latin1", start, start + 4) !== magic.blob || file.readUInt32LE(start + 4) !== number)
      continue;
    const from = start + blobHeaderSize;
    const to = from + file.readUInt32LE(start + 12);
    if (to > file.length || to - from > left) continue;
    left -= to - from;
    yield file.subarray(from, to);
  }
}
