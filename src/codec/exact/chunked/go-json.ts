/** What Go's encoders of JSON escape beside what all do. */
const escaped = /[<>&\u2028\u2029]/g;
/** Of these versions of Go and its encoders write different things. */
const unclear = /[\u0000\u0008\u000c\ud800-\udfff]/u;

/** A string as Go writes it in JSON; undefined where that depends on versions. */
export function goString(text: string): string | undefined {
  if (unclear.test(text)) return undefined;
  return JSON.stringify(text).replace(
    escaped,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * A time of a tar (seconds since 1970, with a fraction of up to nine digits) as Go writes it in JSON where the clock is UTC's; undefined where it
 * has no such form.
 */
export function goTime(seconds: string): string | undefined {
  const [, whole = "", fraction = ""] = /^(-?\d{1,12})(?:\.(\d*))?$/.exec(seconds) ?? [];
  if (whole === "") return undefined;
  const digits = fraction.slice(0, 9).replace(/0+$/, "");
  // Before 1970 the fraction counts from the second before.
  if (whole.startsWith("-") && digits !== "") return undefined;
  const date = new Date(Number(whole) * 1000);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999)
    return undefined;
  return `"${date.toISOString().slice(0, 19)}${digits === "" ? "" : `.${digits}`}Z"`;
}
