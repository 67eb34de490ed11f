import type { Answers, OutputFile, StageName } from "../answers.ts";
import { expectedSize } from "../expected-size.ts";
import { imageOf, purposeOf } from "../image-names.ts";
import { platformsOf } from "../platforms.ts";

/**
 * Actions by commit, as tags were moved to malicious commits before (tj-actions in 2025, Trivy's own in 2026): the commits behind these
 * releases. Dependabot and Renovate keep such pins up to date.
 */
const actions = {
  checkout: "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2",
  buildx: "docker/setup-buildx-action@e468171a9de216ec08956ac3ada2f0791b6bd435 # v3.11.1",
  login: "docker/login-action@74a5d142397b4f367a81961eba4e8cd7edddf772 # v3.4.0",
  build: "docker/build-push-action@263435318d21b8e681c14492fe198d362a7d2c83 # v6.18.0",
  upload: "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2",
  download: "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0",
  trivy: "aquasecurity/trivy-action@ed142fd0673e97e23eac54620cfb913e5ce36c25 # v0.36.0",
} as const;

/**
 * `.github/workflows/images.yml`: checks the files, builds every stage on runners of its own architecture, pushes by digest, joins the
 * architectures, holds the size against a budget, and scans.
 */
export function ci(answers: Answers): readonly OutputFile[] {
  const stages = answers.stages.filter((one) => one !== "dev");
  if (stages.length === 0) return [];
  const lines = [
    "# Written by ddiff init from ddiff.yaml; yours to change.",
    "name: images",
    "on:",
    "  push:",
    "    branches: [main, master]",
    "  pull_request:",
    "  workflow_dispatch:",
    "# What a job needs beyond reading it says itself.",
    "permissions:",
    "  contents: read",
    "concurrency:",
    "  group: images-${{ github.ref }}",
    "  cancel-in-progress: ${{ github.event_name == 'pull_request' }}",
    ...(answers.registry === undefined ? [] : ["env:", `  REGISTRY: ${answers.registry}`]),
    "jobs:",
    ...checkJob(),
    "",
    ...buildJob(answers, stages),
    "",
    ...publishJob(answers, stages),
  ];
  return [{ path: ".github/workflows/images.yml", text: `${lines.join("\n")}\n` }];
}

function checkJob(): string[] {
  return [
    "  check:",
    "    # The variable of the repository DDIFF_REPOSITORY names where ddiff is (lab/ddiff), DDIFF_COMMIT which of it.",
    "    if: vars.DDIFF_REPOSITORY != ''",
    "    runs-on: ubuntu-24.04",
    "    timeout-minutes: 10",
    "    steps:",
    `      - uses: ${actions.checkout}`,
    "        with:",
    "          persist-credentials: false",
    `      - uses: ${actions.checkout}`,
    "        with:",
    "          repository: ${{ vars.DDIFF_REPOSITORY }}",
    "          ref: ${{ vars.DDIFF_COMMIT }}",
    "          path: .ddiff",
    "          persist-credentials: false",
    "      - name: Lint the container files",
    "        run: .ddiff/scripts/run-from-git.sh lint --profile strict --format github Dockerfile compose*.yaml .dockerignore",
    "      - name: See whether they still fit the project",
    "        run: .ddiff/scripts/run-from-git.sh init --check",
  ];
}

function buildJob(answers: Answers, stages: readonly StageName[]): string[] {
  return [
    "  build:",
    "    strategy:",
    "      fail-fast: false",
    "      matrix:",
    "        # Each architecture on its own kind of machine: emulated, it takes five to ten times as long.",
    "        include:",
    ...stages.flatMap((stage) =>
      platformsOf(answers, stage).flatMap((platform) => {
        const arch = platform.replace("linux/", "");
        return [
          `          - stage: ${stage}`,
          `            image: ${answers.name}-${purposeOf(stage)}`,
          `            arch: ${arch}`,
          `            runner: ${arch === "arm64" ? "ubuntu-24.04-arm" : "ubuntu-24.04"}`,
        ];
      }),
    ),
    "    runs-on: ${{ matrix.runner }}",
    "    timeout-minutes: 120",
    ...permissions(answers),
    "    steps:",
    `      - uses: ${actions.checkout}`,
    "        with:",
    "          persist-credentials: false",
    ...registryStep(answers),
    ...(stages.some((stage) => stage.endsWith("-gpu"))
      ? [
          "      - name: Make room for CUDA",
          "        if: endsWith(matrix.stage, '-gpu')",
          "        run: sudo rm -rf /usr/local/lib/android /usr/share/dotnet /opt/ghc /opt/hostedtoolcache/CodeQL",
        ]
      : []),
    `      - uses: ${actions.buildx}`,
    ...loginStep(answers, ["        if: github.event_name != 'pull_request'"]),
    "      - id: build",
    `        uses: ${actions.build}`,
    "        with:",
    "          context: .",
    "          target: ${{ matrix.stage }}",
    "          # By digest, without a tag: it gets one when all architectures are there. A pull request pushes nothing.",
    "          outputs: ${{ github.event_name == 'pull_request' && 'type=cacheonly' || format('type=image,name={0}/{1},push-by-digest=true,name-canonical=true,push=true', env.REGISTRY, matrix.image) }}",
    "          # In the registry: GitHub's own cache ends at 10 GB, which two stages with CUDA fill.",
    "          cache-from: type=registry,ref=${{ env.REGISTRY }}/${{ matrix.image }}:cache-${{ matrix.stage }}-${{ matrix.arch }}",
    "          cache-to: ${{ github.event_name != 'pull_request' && format('type=registry,ref={0}/{1}:cache-{2}-{3},mode=max,image-manifest=true', env.REGISTRY, matrix.image, matrix.stage, matrix.arch) || '' }}",
    "          labels: |",
    "            org.opencontainers.image.source=${{ github.server_url }}/${{ github.repository }}",
    "            org.opencontainers.image.revision=${{ github.sha }}",
    "      - name: Keep the digest",
    "        if: github.event_name != 'pull_request'",
    "        env:",
    "          DIGEST: ${{ steps.build.outputs.digest }}",
    "        run: |",
    "          mkdir -p digests",
    '          touch "digests/${DIGEST#sha256:}"',
    "      - if: github.event_name != 'pull_request'",
    `        uses: ${actions.upload}`,
    "        with:",
    "          name: digests-${{ matrix.stage }}-${{ matrix.arch }}",
    "          path: digests/*",
    "          if-no-files-found: error",
    "          retention-days: 1",
  ];
}

function publishJob(answers: Answers, stages: readonly StageName[]): string[] {
  return [
    "  publish:",
    "    if: github.event_name != 'pull_request' && github.ref_name == github.event.repository.default_branch",
    "    needs: build",
    "    strategy:",
    "      fail-fast: false",
    "      matrix:",
    "        # The budget is in MB, compressed, for each architecture: what the catalogue expects and half as much again.",
    "        include:",
    ...stages.flatMap((stage) => [
      `          - stage: ${stage}`,
      `            image: ${answers.name}-${purposeOf(stage)}`,
      `            tag: ${imageOf(answers, stage).tag}`,
      `            budget: ${budgetOf(answers, stage)}`,
    ]),
    "    runs-on: ubuntu-24.04",
    "    timeout-minutes: 30",
    ...permissions(answers),
    "    steps:",
    ...registryStep(answers),
    `      - uses: ${actions.download}`,
    "        with:",
    "          pattern: digests-${{ matrix.stage }}-*",
    "          path: digests",
    "          merge-multiple: true",
    `      - uses: ${actions.buildx}`,
    ...loginStep(answers),
    "      - name: Hold the sizes against the budget",
    "        working-directory: digests",
    "        env:",
    "          IMAGE: ${{ env.REGISTRY }}/${{ matrix.image }}",
    "          BUDGET: ${{ matrix.budget }}",
    "        run: |",
    "          for digest in *; do",
    "            # What is pushed may be an index of the image and its attestation.",
    '            raw=$(docker buildx imagetools inspect --raw "$IMAGE@sha256:$digest")',
    '            child=$(jq -r \'[.manifests[]? | select(.platform.os != "unknown") | .digest] | first // empty\' <<< "$raw")',
    '            if [ -n "$child" ]; then raw=$(docker buildx imagetools inspect --raw "$IMAGE@$child"); fi',
    "            size=$(jq '[.layers[].size] | add / 1000000 | ceil' <<< \"$raw\")",
    '            echo "- \\`$IMAGE@sha256:${digest:0:12}\\`: $size MB of $BUDGET MB" >> "$GITHUB_STEP_SUMMARY"',
    '            if [ "$size" -gt "$BUDGET" ]; then',
    '              echo "::error::$IMAGE is $size MB, its budget is $BUDGET MB"',
    "              exit 1",
    "            fi",
    "          done",
    "      - name: Join the architectures",
    "        id: join",
    "        working-directory: digests",
    "        env:",
    "          IMAGE: ${{ env.REGISTRY }}/${{ matrix.image }}",
    "          TAG: ${{ matrix.tag }}",
    "        run: |",
    "          sources=()",
    '          for digest in *; do sources+=("$IMAGE@sha256:$digest"); done',
    '          docker buildx imagetools create -t "$IMAGE:$TAG-${GITHUB_SHA:0:12}" "${sources[@]}"',
    "          digest=$(docker buildx imagetools inspect \"$IMAGE:$TAG-${GITHUB_SHA:0:12}\" --format '{{.Manifest.Digest}}')",
    '          echo "digest=$digest" >> "$GITHUB_OUTPUT"',
    "      - name: Scan for what has a fix",
    `        uses: ${actions.trivy}`,
    "        with:",
    "          image-ref: ${{ env.REGISTRY }}/${{ matrix.image }}@${{ steps.join.outputs.digest }}",
    "          severity: CRITICAL,HIGH",
    "          ignore-unfixed: true",
    '          exit-code: "1"',
    "          timeout: 20m",
    "      - name: Move the tag to it",
    "        env:",
    "          IMAGE: ${{ env.REGISTRY }}/${{ matrix.image }}",
    "          TAG: ${{ matrix.tag }}",
    "          DIGEST: ${{ steps.join.outputs.digest }}",
    "        run: |",
    '          docker buildx imagetools create -t "$IMAGE:$TAG" "$IMAGE@$DIGEST"',
    '          echo "- \\`$IMAGE:$TAG@$DIGEST\\`" >> "$GITHUB_STEP_SUMMARY"',
  ];
}

/** GitHub's own registry takes the workflow's token; another one needs none of its rights. */
function permissions({ registry }: Answers): string[] {
  return isGithub(registry) ? ["    permissions:", "      contents: read", "      packages: write"] : [];
}

function registryStep({ registry }: Answers): string[] {
  if (registry !== undefined) return [];
  return [
    "      - name: Name the registry",
    "        # Names of images have no capitals, owners of repositories may.",
    '        run: echo "REGISTRY=ghcr.io/${GITHUB_REPOSITORY_OWNER,,}" >> "$GITHUB_ENV"',
  ];
}

function loginStep({ registry }: Answers, condition: readonly string[] = []): string[] {
  const host = hostOf(registry);
  const github = isGithub(registry);
  return [
    `      - uses: ${actions.login}`,
    ...condition,
    "        with:",
    ...(host === undefined ? [] : [`          registry: ${host}`]),
    `          username: \${{ ${github ? "github.actor" : "secrets.REGISTRY_USERNAME"} }}`,
    `          password: \${{ ${github ? "github.token" : "secrets.REGISTRY_PASSWORD"} }}`,
  ];
}

function isGithub(registry: string | undefined): boolean {
  return hostOf(registry) === "ghcr.io";
}

/** The host of `ghcr.io/lab`; undefined for Docker Hub, which `lab` alone means. */
function hostOf(registry: string | undefined): string | undefined {
  if (registry === undefined) return "ghcr.io";
  const [host = ""] = registry.split("/");
  return /[.:]/.test(host) && host !== "docker.io" ? host : undefined;
}

/** Megabytes, rounded up to full hundreds. */
function budgetOf(answers: Answers, stage: StageName): number {
  const frameworks = (answers.frameworks ?? []).map((one) => one.name);
  const { compressed } = expectedSize(frameworks, answers, stage);
  // Everything that the catalogue does not know by name.
  const others = 400_000_000;
  return Math.ceil(((compressed + others) * 1.5) / 100_000_000) * 100;
}
