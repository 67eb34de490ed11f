import { timeOf } from "./build.ts";
import { column, type HeaderColumns, invalidHeaders } from "./columns.ts";
import { formatTime, type HeaderModel, type HeaderValues } from "./model.ts";
import type { Predictor } from "./predictor.ts";
import { codeString, rename, renamingOf } from "./strings.ts";
import type { TimeCoder } from "./times.ts";

/** Bits of an op: the values that are not those of the header predicted from. */
const changed = { time: 1, path: 2, size: 4, mode: 8, link: 16, owner: 32, others: 64 } as const;

const ownerNumbers = ["uid", "gid", "major", "minor"] as const;
const ownerNames = ["uname", "gname"] as const;

/** Stands for "the nanoseconds of the header before". */
const sameNanos = 0xffffffff;

/** How another PAX record's value is coded. */
const record = { same: 0, bytes: 1, time: 2 } as const;

/** Which values differ from those of `like`: the bits of an op. */
export function changes(like: HeaderModel, values: HeaderValues): number {
  const old = like.values;
  let bits = 0;
  if (values.mtime !== old.mtime || values.nanos !== old.nanos) bits |= changed.time;
  if (values.path !== old.path) bits |= changed.path;
  if (values.size !== old.size) bits |= changed.size;
  if (values.mode !== old.mode) bits |= changed.mode;
  if (values.link !== old.link) bits |= changed.link;
  const sameOwner =
    ownerNumbers.every((name) => values[name] === old[name]) &&
    ownerNames.every((name) => values[name] === old[name]);
  if (!sameOwner) bits |= changed.owner;
  if (old.others.some((value, i) => values.others[i] !== value)) bits |= changed.others;
  return bits;
}

/**
 * Codes the values that `bits` calls changed; the others are those of `like`. `base` is the base's header, which `like` may
 * or may not be. When reading, `values` only lends its type. Throws `BUNDLE_INVALID`.
 */
export function codeValues(
  columns: HeaderColumns,
  like: HeaderModel,
  values: HeaderValues,
  bits: number,
  predictor: Predictor,
  base: HeaderModel | undefined,
): HeaderValues {
  const result = { ...like.values };
  if ((bits & changed.time) !== 0) {
    result.mtime = predictor.times.code(columns, base?.values.mtime, values.mtime);
    if (like.timed) {
      result.nanos = codeNanos(columns, predictor.nanos, values.nanos);
      if (result.mtime < 0) throw invalidHeaders("times are out of range");
    }
  }
  if ((bits & changed.path) !== 0) {
    const from = base?.values.path;
    const likes =
      from === undefined ? [predictor.path] : [predictor.path, from, rename(from, predictor.renaming)];
    result.path = codeString(columns, likes, values.path);
    if (from !== undefined) predictor.renaming = renamingOf(from, result.path) ?? predictor.renaming;
  }
  if ((bits & changed.size) !== 0) {
    result.size =
      like === base
        ? result.size + columns.signed(column.sizes, values.size - result.size)
        : columns.unsigned(column.sizes, values.size);
    if (!Number.isSafeInteger(result.size) || result.size < 0) throw invalidHeaders("sizes are out of range");
  }
  if ((bits & changed.mode) !== 0) result.mode = columns.signed(column.fields, values.mode);
  if ((bits & changed.link) !== 0) {
    const { path } = result;
    result.link = codeString(
      columns,
      [result.link, path, path.slice(path.lastIndexOf("/") + 1)],
      values.link,
    );
  }
  if ((bits & changed.owner) !== 0) codeOwner(columns, result, values);
  if ((bits & changed.others) !== 0) result.others = codeOthers(columns, like, values, predictor, base);
  return result;
}

function codeOwner(columns: HeaderColumns, result: HeaderValues, values: HeaderValues): void {
  const names = [...ownerNumbers, ...ownerNames];
  const bits = columns.unsigned(
    column.fields,
    names.reduce((sum, name, i) => sum | (values[name] === result[name] ? 0 : 1 << i), 0),
  );
  for (const [i, name] of ownerNumbers.entries()) {
    if ((bits & (1 << i)) !== 0) result[name] = columns.signed(column.fields, values[name]);
  }
  for (const [i, name] of ownerNames.entries()) {
    if ((bits & (1 << (i + ownerNumbers.length))) !== 0)
      result[name] = columns.bytes(column.values, values[name]);
  }
}

function codeOthers(
  columns: HeaderColumns,
  like: HeaderModel,
  values: HeaderValues,
  predictor: Predictor,
  base: HeaderModel | undefined,
): string[] {
  return like.values.others.map((old, i) => {
    const key = like.otherKeys[i] ?? "";
    const value = values.others[i] ?? "";
    const time = columns.reading ? undefined : timeOf(key, value);
    const how = columns.unsigned(
      column.fields,
      value === old ? record.same : time ? record.time : record.bytes,
    );
    if (how === record.same) return old;
    if (how === record.bytes) return columns.bytes(column.values, value);
    if (how !== record.time) throw invalidHeaders("records are of no known kind");
    const before = timeOf(key, base?.values.others[base.otherKeys.indexOf(key)] ?? "");
    return codeTime(columns, predictor.recordTimes(key), before?.seconds, time);
  });
}

/** A time with nanoseconds in a record that is not the entry's mtime. */
function codeTime(
  columns: HeaderColumns,
  coder: TimeCoder,
  base: number | undefined,
  time: { seconds: number; nanos: number } | undefined,
): string {
  const seconds = coder.code(columns, base, time?.seconds ?? 0);
  const nanos = columns.word(column.nanos, time?.nanos ?? 0);
  if (seconds < 0 || nanos > 999_999_999) throw invalidHeaders("times are out of range");
  return formatTime(seconds, nanos);
}

function codeNanos(columns: HeaderColumns, before: number, nanos: number): number {
  const word = columns.word(column.nanos, nanos === before ? sameNanos : nanos);
  if (word === sameNanos) return before;
  if (word > 999_999_999) throw invalidHeaders("times are out of range");
  return word;
}
