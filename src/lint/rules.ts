import type { Rule } from "./rule.ts";
import { aptListsKept } from "./rules/apt-lists-kept.ts";
import { asCasing } from "./rules/as-casing.ts";
import { basePlatformMismatch } from "./rules/base-platform-mismatch.ts";
import { condaCacheKept } from "./rules/conda-cache-kept.ts";
import { constantPlatform } from "./rules/constant-platform.ts";
import { copyIgnoredFile } from "./rules/copy-ignored-file.ts";
import { descriptionComment } from "./rules/description-comment.ts";
import { duplicateStageName } from "./rules/duplicate-stage-name.ts";
import { emptyContinuation } from "./rules/empty-continuation.ts";
import { exposeFormat } from "./rules/expose-format.ts";
import { exposeProtocolCasing } from "./rules/expose-protocol-casing.ts";
import { instructionCasing } from "./rules/instruction-casing.ts";
import { invalidDefaultArgInFrom } from "./rules/invalid-default-arg-in-from.ts";
import { legacyKeyValue } from "./rules/legacy-key-value.ts";
import { maintainerDeprecated } from "./rules/maintainer-deprecated.ts";
import { pipCacheKept } from "./rules/pip-cache-kept.ts";
import { redundantTargetPlatform } from "./rules/redundant-target-platform.ts";
import { relativeWorkdir } from "./rules/relative-workdir.ts";
import { reservedStageName } from "./rules/reserved-stage-name.ts";
import { secretInArgOrEnv } from "./rules/secret-in-arg-or-env.ts";
import { severalCommands } from "./rules/several-commands.ts";
import { shellFormCommand } from "./rules/shell-form-command.ts";
import { stageNameCasing } from "./rules/stage-name-casing.ts";
import { undefinedArgInFrom } from "./rules/undefined-arg-in-from.ts";
import { undefinedVariable } from "./rules/undefined-variable.ts";
import { uvCacheKept } from "./rules/uv-cache-kept.ts";

/** Every rule, in the order of their names. A rule is a file of rules/ and two lines here. */
export const rules: readonly Rule[] = [
  aptListsKept,
  asCasing,
  basePlatformMismatch,
  condaCacheKept,
  constantPlatform,
  copyIgnoredFile,
  descriptionComment,
  duplicateStageName,
  emptyContinuation,
  exposeFormat,
  exposeProtocolCasing,
  instructionCasing,
  invalidDefaultArgInFrom,
  legacyKeyValue,
  maintainerDeprecated,
  pipCacheKept,
  redundantTargetPlatform,
  relativeWorkdir,
  reservedStageName,
  secretInArgOrEnv,
  severalCommands,
  shellFormCommand,
  stageNameCasing,
  undefinedArgInFrom,
  undefinedVariable,
  uvCacheKept,
];
