import type { Rule } from "./rule.ts";
import { addForLocalFiles } from "./rules/add-for-local-files.ts";
import { apkCacheKept } from "./rules/apk-cache-kept.ts";
import { aptListsKept } from "./rules/apt-lists-kept.ts";
import { asCasing } from "./rules/as-casing.ts";
import { basePlatformMismatch } from "./rules/base-platform-mismatch.ts";
import { condaCacheKept } from "./rules/conda-cache-kept.ts";
import { constantPlatform } from "./rules/constant-platform.ts";
import { copyFromItself } from "./rules/copy-from-itself.ts";
import { copyFromUnknownStage } from "./rules/copy-from-unknown-stage.ts";
import { copyIgnoredFile } from "./rules/copy-ignored-file.ts";
import { copySeveralToFile } from "./rules/copy-several-to-file.ts";
import { copyToRelative } from "./rules/copy-to-relative.ts";
import { descriptionComment } from "./rules/description-comment.ts";
import { duplicateStageName } from "./rules/duplicate-stage-name.ts";
import { emptyContinuation } from "./rules/empty-continuation.ts";
import { envRefersToItself } from "./rules/env-refers-to-itself.ts";
import { exposeFormat } from "./rules/expose-format.ts";
import { exposeProtocolCasing } from "./rules/expose-protocol-casing.ts";
import { instructionCasing } from "./rules/instruction-casing.ts";
import { invalidDefaultArgInFrom } from "./rules/invalid-default-arg-in-from.ts";
import { latestBase } from "./rules/latest-base.ts";
import { legacyKeyValue } from "./rules/legacy-key-value.ts";
import { maintainerDeprecated } from "./rules/maintainer-deprecated.ts";
import { missingHealthcheck } from "./rules/missing-healthcheck.ts";
import { missingUser } from "./rules/missing-user.ts";
import { namedUser } from "./rules/named-user.ts";
import { nodeCacheKept } from "./rules/node-cache-kept.ts";
import { onbuildTrigger } from "./rules/onbuild-trigger.ts";
import { pipCacheKept } from "./rules/pip-cache-kept.ts";
import { pixiCacheKept } from "./rules/pixi-cache-kept.ts";
import { portOutOfRange } from "./rules/port-out-of-range.ts";
import { projectCacheKept } from "./rules/project-cache-kept.ts";
import { redundantTargetPlatform } from "./rules/redundant-target-platform.ts";
import { registryNotAllowed } from "./rules/registry-not-allowed.ts";
import { relativeWorkdir } from "./rules/relative-workdir.ts";
import { reservedStageName } from "./rules/reserved-stage-name.ts";
import { rootUser } from "./rules/root-user.ts";
import { rpmCacheKept } from "./rules/rpm-cache-kept.ts";
import { secretInArgOrEnv } from "./rules/secret-in-arg-or-env.ts";
import { severalCommands } from "./rules/several-commands.ts";
import { shellFormCommand } from "./rules/shell-form-command.ts";
import { stageNameCasing } from "./rules/stage-name-casing.ts";
import { undefinedArgInFrom } from "./rules/undefined-arg-in-from.ts";
import { undefinedVariable } from "./rules/undefined-variable.ts";
import { unpackWithAdd } from "./rules/unpack-with-add.ts";
import { untaggedBase } from "./rules/untagged-base.ts";
import { uvCacheKept } from "./rules/uv-cache-kept.ts";
import { wholeStageCopied } from "./rules/whole-stage-copied.ts";

/** Every rule, in the order of their names. A rule is a file of rules/ and two lines here. */
export const rules: readonly Rule[] = [
  addForLocalFiles,
  apkCacheKept,
  aptListsKept,
  asCasing,
  basePlatformMismatch,
  condaCacheKept,
  constantPlatform,
  copyFromItself,
  copyFromUnknownStage,
  copyIgnoredFile,
  copySeveralToFile,
  copyToRelative,
  descriptionComment,
  duplicateStageName,
  emptyContinuation,
  envRefersToItself,
  exposeFormat,
  exposeProtocolCasing,
  instructionCasing,
  invalidDefaultArgInFrom,
  latestBase,
  legacyKeyValue,
  maintainerDeprecated,
  missingHealthcheck,
  missingUser,
  namedUser,
  nodeCacheKept,
  onbuildTrigger,
  pipCacheKept,
  pixiCacheKept,
  portOutOfRange,
  projectCacheKept,
  redundantTargetPlatform,
  registryNotAllowed,
  relativeWorkdir,
  reservedStageName,
  rootUser,
  rpmCacheKept,
  secretInArgOrEnv,
  severalCommands,
  shellFormCommand,
  stageNameCasing,
  undefinedArgInFrom,
  undefinedVariable,
  unpackWithAdd,
  untaggedBase,
  uvCacheKept,
  wholeStageCopied,
];
