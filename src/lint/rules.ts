import type { Rule } from "./rule.ts";
import { addForLocalFiles } from "./rules/add-for-local-files.ts";
import { anacondaBase } from "./rules/anaconda-base.ts";
import { apkCacheKept } from "./rules/apk-cache-kept.ts";
import { aptInScript } from "./rules/apt-in-script.ts";
import { aptListsKept } from "./rules/apt-lists-kept.ts";
import { aptRecommends } from "./rules/apt-recommends.ts";
import { aptUpdateAlone } from "./rules/apt-update-alone.ts";
import { asCasing } from "./rules/as-casing.ts";
import { baseLeftToBuilder } from "./rules/base-left-to-builder.ts";
import { basePlatformMismatch } from "./rules/base-platform-mismatch.ts";
import { baseWithoutDigest } from "./rules/base-without-digest.ts";
import { brokenJsonForm } from "./rules/broken-json-form.ts";
import { buildToolsInFinal } from "./rules/build-tools-in-final.ts";
import { chownDoublesCopy } from "./rules/chown-doubles-copy.ts";
import { composeContainerName } from "./rules/compose-container-name.ts";
import { composeDockerSocket } from "./rules/compose-docker-socket.ts";
import { composeDuplicatePort } from "./rules/compose-duplicate-port.ts";
import { composeGpuCapabilitiesMissing } from "./rules/compose-gpu-capabilities-missing.ts";
import { composeGpuCountAndIds } from "./rules/compose-gpu-count-and-ids.ts";
import { composeGpuForCpuImage } from "./rules/compose-gpu-for-cpu-image.ts";
import { composeGpuMasked } from "./rules/compose-gpu-masked.ts";
import { composeGpuNotOptIn } from "./rules/compose-gpu-not-opt-in.ts";
import { composeHealthcheckForm } from "./rules/compose-healthcheck-form.ts";
import { composeHealthcheckToolMissing } from "./rules/compose-healthcheck-tool-missing.ts";
import { composeHostNetwork } from "./rules/compose-host-network.ts";
import { composeImageUnpinned } from "./rules/compose-image-unpinned.ts";
import { composeLinks } from "./rules/compose-links.ts";
import { composeMemoryLimits } from "./rules/compose-memory-limits.ts";
import { composeModelMountWritable } from "./rules/compose-model-mount-writable.ts";
import { composeOptionalVariable } from "./rules/compose-optional-variable.ts";
import { composePortQuotes } from "./rules/compose-port-quotes.ts";
import { composePrivileged } from "./rules/compose-privileged.ts";
import { composeRootWritable } from "./rules/compose-root-writable.ts";
import { composeRuntimeAndDevices } from "./rules/compose-runtime-and-devices.ts";
import { composeSecretInEnvironment } from "./rules/compose-secret-in-environment.ts";
import { composeSharedMemory } from "./rules/compose-shared-memory.ts";
import { composeUnknownDependency } from "./rules/compose-unknown-dependency.ts";
import { composeVersionField } from "./rules/compose-version-field.ts";
import { condaCacheKept } from "./rules/conda-cache-kept.ts";
import { condaRunHoldsOutput } from "./rules/conda-run-holds-output.ts";
import { condaThenPipTorch } from "./rules/conda-then-pip-torch.ts";
import { consecutiveRun } from "./rules/consecutive-run.ts";
import { constantPlatform } from "./rules/constant-platform.ts";
import { copyBeforeDependencies } from "./rules/copy-before-dependencies.ts";
import { copyFromItself } from "./rules/copy-from-itself.ts";
import { copyFromUnknownStage } from "./rules/copy-from-unknown-stage.ts";
import { copyIgnoredFile } from "./rules/copy-ignored-file.ts";
import { copySeveralToFile } from "./rules/copy-several-to-file.ts";
import { copyToRelative } from "./rules/copy-to-relative.ts";
import { cpuTorchOnCudaBase } from "./rules/cpu-torch-on-cuda-base.ts";
import { cudaExtensionWithoutCompiler } from "./rules/cuda-extension-without-compiler.ts";
import { cudaMajorMismatch } from "./rules/cuda-major-mismatch.ts";
import { cudaTagDead } from "./rules/cuda-tag-dead.ts";
import { cudaTwice } from "./rules/cuda-twice.ts";
import { cudnnTwice } from "./rules/cudnn-twice.ts";
import { curlPipeShell } from "./rules/curl-pipe-shell.ts";
import { curlWithoutFail } from "./rules/curl-without-fail.ts";
import { debianFrontendEnv } from "./rules/debian-frontend-env.ts";
import { descriptionComment } from "./rules/description-comment.ts";
import { devPackageInRuntime } from "./rules/dev-package-in-runtime.ts";
import { develInFinal } from "./rules/devel-in-final.ts";
import { downloadLeft } from "./rules/download-left.ts";
import { driverClaim } from "./rules/driver-claim.ts";
import { driverTooOld } from "./rules/driver-too-old.ts";
import { duplicateStageName } from "./rules/duplicate-stage-name.ts";
import { emptyContinuation } from "./rules/empty-continuation.ts";
import { entrypointWithoutExec } from "./rules/entrypoint-without-exec.ts";
import { envRefersToItself } from "./rules/env-refers-to-itself.ts";
import { environmentMoved } from "./rules/environment-moved.ts";
import { exposeFormat } from "./rules/expose-format.ts";
import { exposeProtocolCasing } from "./rules/expose-protocol-casing.ts";
import { frameworkCudaMismatch } from "./rules/framework-cuda-mismatch.ts";
import { gitCloneDeep } from "./rules/git-clone-deep.ts";
import { gpuQueryAtBuild } from "./rules/gpu-query-at-build.ts";
import { gpuWithoutKernels } from "./rules/gpu-without-kernels.ts";
import { healthcheckFileExists } from "./rules/healthcheck-file-exists.ts";
import { healthcheckIgnoresStatus } from "./rules/healthcheck-ignores-status.ts";
import { heredocWithoutErrexit } from "./rules/heredoc-without-errexit.ts";
import { ignoreArtefactsSent } from "./rules/ignore-artefacts-sent.ts";
import { ignoreCommentTrailing } from "./rules/ignore-comment-trailing.ts";
import { ignoreFileMissing } from "./rules/ignore-file-missing.ts";
import { ignoreNegationWithoutEffect } from "./rules/ignore-negation-without-effect.ts";
import { ignorePatternAnchored } from "./rules/ignore-pattern-anchored.ts";
import { ignorePatternBraces } from "./rules/ignore-pattern-braces.ts";
import { ignorePatternNeverMatches } from "./rules/ignore-pattern-never-matches.ts";
import { ignoreWeightsAnchored } from "./rules/ignore-weights-anchored.ts";
import { installWithoutYes } from "./rules/install-without-yes.ts";
import { instructionCasing } from "./rules/instruction-casing.ts";
import { invalidDefaultArgInFrom } from "./rules/invalid-default-arg-in-from.ts";
import { jaxLibraryPath } from "./rules/jax-library-path.ts";
import { jupyterOpen } from "./rules/jupyter-open.ts";
import { labelKey } from "./rules/label-key.ts";
import { labelMissing } from "./rules/label-missing.ts";
import { labelSuperfluous } from "./rules/label-superfluous.ts";
import { labelValue } from "./rules/label-value.ts";
import { languageEndOfLife } from "./rules/language-end-of-life.ts";
import { latestBase } from "./rules/latest-base.ts";
import { ldLibraryPathLost } from "./rules/ld-library-path-lost.ts";
import { legacyKeyValue } from "./rules/legacy-key-value.ts";
import { lockFlagMissing } from "./rules/lock-flag-missing.ts";
import { maintainerDeprecated } from "./rules/maintainer-deprecated.ts";
import { missingHealthcheck } from "./rules/missing-healthcheck.ts";
import { missingUser } from "./rules/missing-user.ts";
import { namedUser } from "./rules/named-user.ts";
import { nodeCacheKept } from "./rules/node-cache-kept.ts";
import { nvidiaDriverInImage } from "./rules/nvidia-driver-in-image.ts";
import { onbuildTrigger } from "./rules/onbuild-trigger.ts";
import { opencvGuiWithoutLibgl } from "./rules/opencv-gui-without-libgl.ts";
import { osEndOfLife } from "./rules/os-end-of-life.ts";
import { osPackageRenamed } from "./rules/os-package-renamed.ts";
import { passwordInRun } from "./rules/password-in-run.ts";
import { pipCacheKept } from "./rules/pip-cache-kept.ts";
import { pipefail } from "./rules/pipefail.ts";
import { pixiCacheKept } from "./rules/pixi-cache-kept.ts";
import { pointlessCommand } from "./rules/pointless-command.ts";
import { portOutOfRange } from "./rules/port-out-of-range.ts";
import { projectCacheKept } from "./rules/project-cache-kept.ts";
import { projectFileMisspelt } from "./rules/project-file-misspelt.ts";
import { redundantTargetPlatform } from "./rules/redundant-target-platform.ts";
import { registryNotAllowed } from "./rules/registry-not-allowed.ts";
import { relativeWorkdir } from "./rules/relative-workdir.ts";
import { removedInLaterLayer } from "./rules/removed-in-later-layer.ts";
import { reservedStageName } from "./rules/reserved-stage-name.ts";
import { rootHomeTool } from "./rules/root-home-tool.ts";
import { rootUser } from "./rules/root-user.ts";
import { rpmCacheKept } from "./rules/rpm-cache-kept.ts";
import { runStateLost } from "./rules/run-state-lost.ts";
import { secretFileCopied } from "./rules/secret-file-copied.ts";
import { secretInArgOrEnv } from "./rules/secret-in-arg-or-env.ts";
import { secretInUrl } from "./rules/secret-in-url.ts";
import { secretLiteral } from "./rules/secret-literal.ts";
import { semicolonHidesFailure } from "./rules/semicolon-hides-failure.ts";
import { serverOnLoopback } from "./rules/server-on-loopback.ts";
import { severalCommands } from "./rules/several-commands.ts";
import { shRelinked } from "./rules/sh-relinked.ts";
import { shellFormCommand } from "./rules/shell-form-command.ts";
import { signatureCheckOff } from "./rules/signature-check-off.ts";
import { sshPort } from "./rules/ssh-port.ts";
import { sshRootLogin } from "./rules/ssh-root-login.ts";
import { stageNameCasing } from "./rules/stage-name-casing.ts";
import { sudoInRun } from "./rules/sudo-in-run.ts";
import { sudoWithoutPassword } from "./rules/sudo-without-password.ts";
import { swallowedFailure } from "./rules/swallowed-failure.ts";
import { systemUpgrade } from "./rules/system-upgrade.ts";
import { tlsVerificationOff } from "./rules/tls-verification-off.ts";
import { toolAbsent } from "./rules/tool-absent.ts";
import { torchArchListMissing } from "./rules/torch-arch-list-missing.ts";
import { torchArchListWrong } from "./rules/torch-arch-list-wrong.ts";
import { torchCompanionMismatch } from "./rules/torch-companion-mismatch.ts";
import { torchCpuResolvesCuda } from "./rules/torch-cpu-resolves-cuda.ts";
import { torchCudaOnPlainBase } from "./rules/torch-cuda-on-plain-base.ts";
import { torchIndexMismatch } from "./rules/torch-index-mismatch.ts";
import { torchPythonMismatch } from "./rules/torch-python-mismatch.ts";
import { torchReinstalled } from "./rules/torch-reinstalled.ts";
import { undefinedArgInFrom } from "./rules/undefined-arg-in-from.ts";
import { undefinedVariable } from "./rules/undefined-variable.ts";
import { unknownPipOption } from "./rules/unknown-pip-option.ts";
import { unpackWithAdd } from "./rules/unpack-with-add.ts";
import { unpinnedApk } from "./rules/unpinned-apk.ts";
import { unpinnedApt } from "./rules/unpinned-apt.ts";
import { unpinnedGem } from "./rules/unpinned-gem.ts";
import { unpinnedGo } from "./rules/unpinned-go.ts";
import { unpinnedNpm } from "./rules/unpinned-npm.ts";
import { unpinnedPip } from "./rules/unpinned-pip.ts";
import { unpinnedRpm } from "./rules/unpinned-rpm.ts";
import { unpinnedZypper } from "./rules/unpinned-zypper.ts";
import { untaggedBase } from "./rules/untagged-base.ts";
import { useraddHighUid } from "./rules/useradd-high-uid.ts";
import { uvCacheKept } from "./rules/uv-cache-kept.ts";
import { visibleDevicesFixed } from "./rules/visible-devices-fixed.ts";
import { weightsBakedIn } from "./rules/weights-baked-in.ts";
import { wgetAndCurl } from "./rules/wget-and-curl.ts";
import { wgetProgress } from "./rules/wget-progress.ts";
import { wholeStageCopied } from "./rules/whole-stage-copied.ts";
import { workdirInsteadOfCd } from "./rules/workdir-instead-of-cd.ts";
import { worldWritable } from "./rules/world-writable.ts";

/** Every rule, in the order of their names. A rule is a file of rules/ and two lines here. */
export const rules: readonly Rule[] = [
  addForLocalFiles,
  anacondaBase,
  apkCacheKept,
  aptInScript,
  aptListsKept,
  aptRecommends,
  aptUpdateAlone,
  asCasing,
  baseLeftToBuilder,
  basePlatformMismatch,
  baseWithoutDigest,
  brokenJsonForm,
  buildToolsInFinal,
  chownDoublesCopy,
  composeContainerName,
  composeDockerSocket,
  composeDuplicatePort,
  composeGpuCapabilitiesMissing,
  composeGpuCountAndIds,
  composeGpuForCpuImage,
  composeGpuMasked,
  composeGpuNotOptIn,
  composeHealthcheckForm,
  composeHealthcheckToolMissing,
  composeHostNetwork,
  composeImageUnpinned,
  composeLinks,
  composeMemoryLimits,
  composeModelMountWritable,
  composeOptionalVariable,
  composePortQuotes,
  composePrivileged,
  composeRootWritable,
  composeRuntimeAndDevices,
  composeSecretInEnvironment,
  composeSharedMemory,
  composeUnknownDependency,
  composeVersionField,
  condaCacheKept,
  condaRunHoldsOutput,
  condaThenPipTorch,
  consecutiveRun,
  constantPlatform,
  copyBeforeDependencies,
  copyFromItself,
  copyFromUnknownStage,
  copyIgnoredFile,
  copySeveralToFile,
  copyToRelative,
  cpuTorchOnCudaBase,
  cudaExtensionWithoutCompiler,
  cudaMajorMismatch,
  cudaTagDead,
  cudaTwice,
  cudnnTwice,
  curlPipeShell,
  curlWithoutFail,
  debianFrontendEnv,
  descriptionComment,
  devPackageInRuntime,
  develInFinal,
  downloadLeft,
  driverClaim,
  driverTooOld,
  duplicateStageName,
  emptyContinuation,
  entrypointWithoutExec,
  envRefersToItself,
  environmentMoved,
  exposeFormat,
  exposeProtocolCasing,
  frameworkCudaMismatch,
  gitCloneDeep,
  gpuQueryAtBuild,
  gpuWithoutKernels,
  healthcheckFileExists,
  healthcheckIgnoresStatus,
  heredocWithoutErrexit,
  ignoreArtefactsSent,
  ignoreCommentTrailing,
  ignoreFileMissing,
  ignoreNegationWithoutEffect,
  ignorePatternAnchored,
  ignorePatternBraces,
  ignorePatternNeverMatches,
  ignoreWeightsAnchored,
  installWithoutYes,
  instructionCasing,
  invalidDefaultArgInFrom,
  jaxLibraryPath,
  jupyterOpen,
  labelKey,
  labelMissing,
  labelSuperfluous,
  labelValue,
  languageEndOfLife,
  latestBase,
  ldLibraryPathLost,
  legacyKeyValue,
  lockFlagMissing,
  maintainerDeprecated,
  missingHealthcheck,
  missingUser,
  namedUser,
  nodeCacheKept,
  nvidiaDriverInImage,
  onbuildTrigger,
  opencvGuiWithoutLibgl,
  osEndOfLife,
  osPackageRenamed,
  passwordInRun,
  pipCacheKept,
  pipefail,
  pixiCacheKept,
  pointlessCommand,
  portOutOfRange,
  projectCacheKept,
  projectFileMisspelt,
  redundantTargetPlatform,
  registryNotAllowed,
  relativeWorkdir,
  removedInLaterLayer,
  reservedStageName,
  rootHomeTool,
  rootUser,
  rpmCacheKept,
  runStateLost,
  secretFileCopied,
  secretInArgOrEnv,
  secretInUrl,
  secretLiteral,
  semicolonHidesFailure,
  serverOnLoopback,
  severalCommands,
  shRelinked,
  shellFormCommand,
  signatureCheckOff,
  sshPort,
  sshRootLogin,
  stageNameCasing,
  sudoInRun,
  sudoWithoutPassword,
  swallowedFailure,
  systemUpgrade,
  tlsVerificationOff,
  toolAbsent,
  torchArchListMissing,
  torchArchListWrong,
  torchCompanionMismatch,
  torchCpuResolvesCuda,
  torchCudaOnPlainBase,
  torchIndexMismatch,
  torchPythonMismatch,
  torchReinstalled,
  undefinedArgInFrom,
  undefinedVariable,
  unknownPipOption,
  unpackWithAdd,
  unpinnedApk,
  unpinnedApt,
  unpinnedGem,
  unpinnedGo,
  unpinnedNpm,
  unpinnedPip,
  unpinnedRpm,
  unpinnedZypper,
  untaggedBase,
  useraddHighUid,
  uvCacheKept,
  visibleDevicesFixed,
  weightsBakedIn,
  wgetAndCurl,
  wgetProgress,
  wholeStageCopied,
  workdirInsteadOfCd,
  worldWritable,
];
