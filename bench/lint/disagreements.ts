/** Why we say another thing than a peer's own test, by the case's key. Cases without a line here are open mistakes of ours. */
export const disagreements: Readonly<Record<string, string>> = {
  "Pragma#5": "an id that nobody knows does not make the known ones beside it void",
  "DL3002#8": "the last stage decides who runs; an earlier stage only builds",
  "DL3009#3": "a stage that nothing uses is somebody's --target, so its layers ship",
  "DL3009#11": "as DL3009#3",
  "DL3060#22": "as DL3009#3",
  "DL3009#23":
    "a RUN before removed docker-clean, and the mount keeps /var/lib/apt out of the layer all the same",
  "DL3009#24": "as DL3009#23, in ONBUILD",
  "DL3010#4": "a Windows path",
  "DL3010#5": "a Windows path in quotes, which COPY cuts at its blanks all the same",
  "DL3013#76":
    "pipx keeps each program in an environment of its own, which another rule would have to be about",
  "DL3013#77": "as DL3013#76, in ONBUILD",
  "DL3025#5":
    "the words of HEALTHCHECK are run by a shell on purpose: signals do not reach it, and a fallback like exit 1 needs one",
  "DL3033#21":
    "the variable is of another stage: without a value in this one, it is the undefined variable that is reported",
  "DL3041#45": "as DL3033#21, with dnf",
  "DL3049#9": "a stage that another one stands on is no image: the label is missing once, in the image",
  "DL3045#16": "a file without FROM: FROM scratch is put before, and its folder is / for certain",
  "DL3045#17": "as DL3045#16, in ONBUILD",
  "DL3045#29": "as DL3045#16",
  "DL4006#10":
    "/bin/sh -o pipefail is a choice that was made: busybox, bash as sh and dash from 0.5.13 on know it",
  "DL3022#1":
    "a name that no stage has is a context given with --build-context in nearly all real files; we name misspelt stages, later stages, numbers and well-known images",
  "DL3067#1": "a name that no stage has is a context given with --build-context, which is made to be copied",
  "DL3067#2": "as DL3067#1, in quotes",
  "DL4000#3": "an instruction before the first FROM is a syntax error, which is what we report",
};

/** hadolint's ids for which we have no rule, with the reason. */
export const notAdopted: Readonly<Record<string, string>> = {
  DL1001:
    "it forbids the comments that silence findings; we ask for a reason in them instead (`require-reason`)",
  DL3061: "what stands before the first FROM is a syntax error here",
  SC: "shell findings come from ShellCheck itself where it is installed (`--shellcheck`)",
};

/** BuildKit's tests that cannot be asked without a registry. */
export const buildkitUnasked: Readonly<Record<string, string>> = {
  BaseImagePlatformMismatch:
    "`InvalidBaseImagePlatform` compares with an image that the test first pushes to a registry; a linter of files has no image to look at",
};
