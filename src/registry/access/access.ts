import type { IncomingMessage, ServerResponse } from "node:http";

/** What a caller may want of a repository. Overwriting or deleting a tag, a manifest or a blob that exists is `delete`'s when rules say so. */
export type Action = "pull" | "push" | "delete";

/** Who calls, and what they may do. */
export interface Caller {
  /** Undefined for a caller who gave no credentials. */
  name: string | undefined;
  may(action: Action, repository: string): boolean;
  /** Whether `_catalog` answers; it lists only repositories that the caller may pull. */
  mayList: boolean;
  /** Whether `_catalog` names this repository; `may("pull", …)` where not said. A token for the catalog is one for no repository. */
  mayFind?(repository: string): boolean;
  /**
   * Whether the same caller may do it with another token: 401 with the challenge is the answer then, not 403, since
   * clients begin with a narrow token and ask for a wider one.
   */
  mayWithOtherToken?(action: Action | "list", repository: string | undefined): boolean;
  /** Whether this tag, where it exists, may be moved to other content or deleted. Undefined where no tag is kept from it. */
  mayMoveTag?(repository: string, tag: string): boolean;
}

/** Access as the registry sees it. */
export interface Access {
  /** Who calls. Throws `RegistryError` UNAUTHORIZED (with its challenge) for credentials that are wrong, never for none. */
  identify(request: IncomingMessage): Promise<Caller>;
  /**
   * `WWW-Authenticate` for a caller who may not do this yet; empty where no login would help. `from` is a repository that has to be
   * pulled for it, too: a mount needs both in one token.
   */
  challenge(
    request: IncomingMessage,
    action: Action | "list",
    repository: string | undefined,
    from?: string,
  ): string;
  /** Answers `/v2/token` where this access issues tokens; false where it does not. */
  token?(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean>;
}
