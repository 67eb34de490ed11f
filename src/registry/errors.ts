/** Error codes of the distribution spec ("Error Codes"), with the status that each has unless another is said. */
export const registryErrors = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  /** Not of the spec: paging parameters that are no numbers, as other registries name it. */
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  /** Not of the spec, these three: a bundle that is none or lies; one whose base is not here; one that would give another digest. */
  BUNDLE_INVALID: 400,
  BASE_UNKNOWN: 409,
  BUNDLE_INEXACT: 409,
  /** Not of the spec: the store is away for now. The name is docker's, whose clients try again after it. */
  UNAVAILABLE: 503,
  /** Not of the spec: the fault is ours, the disk's or the upstream's. */
  UNKNOWN: 500,
} as const;

export type RegistryErrorCode = keyof typeof registryErrors;

/** What a handler throws; one place (respond.ts) writes it as the spec's JSON. Its message is shown to clients. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly code: RegistryErrorCode;
  readonly status: number;
  /** Extra answer headers, such as `Range` or `WWW-Authenticate`. */
  readonly headers: Record<string, string>;
  readonly detail: unknown;

  constructor(
    code: RegistryErrorCode,
    message: string,
    options: { status?: number; headers?: Record<string, string>; detail?: unknown; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? registryErrors[code];
    this.headers = options.headers ?? {};
    this.detail = options.detail;
  }
}
