/** What an `nvidia/cuda` image asks of the driver beside a new enough CUDA: `NVIDIA_REQUIRE_CUDA`. */
export interface Requirement {
  /** `12.8`: the image asks for `cuda>=12.8`, or one of these branches. */
  readonly cuda: string;
  /** Driver branches that are accepted although their CUDA is older. The image then uses its cuda-compat libraries. */
  readonly branches: readonly number[];
  /** Whether GeForce and TITAN may use such a branch. */
  readonly geforce: boolean;
}

/**
 * On x86_64; the images for arm64 before 12.4 have no exceptions. Tesla, Quadro, RTX workstation and unknown GPUs are always
 * among the brands. Source: `nvidia-image-files`, which end at 13.1.
 */
export const requirements: readonly Requirement[] = [
  { cuda: "13.1", branches: [535, 550, 570, 575, 580], geforce: false },
  { cuda: "13.0", branches: [535, 550, 565, 570, 575], geforce: false },
  { cuda: "12.9", branches: [535, 550, 560, 565, 570], geforce: false },
  { cuda: "12.8", branches: [470, 535, 550, 560, 565], geforce: false },
  { cuda: "12.6", branches: [470, 535, 550], geforce: false },
  { cuda: "12.5", branches: [470, 535, 550], geforce: false },
  { cuda: "12.4", branches: [470, 525, 535], geforce: true },
  { cuda: "12.3", branches: [470, 525, 535], geforce: true },
  { cuda: "12.2", branches: [470, 525], geforce: true },
  { cuda: "12.1", branches: [470, 525], geforce: true },
  { cuda: "12.0", branches: [470], geforce: true },
  { cuda: "11.8", branches: [470], geforce: true },
  { cuda: "11.7", branches: [470], geforce: true },
  { cuda: "11.6", branches: [470], geforce: true },
  { cuda: "11.5", branches: [470], geforce: true },
  { cuda: "11.4", branches: [], geforce: false },
];
