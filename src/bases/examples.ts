/** For both. */
const packages = `# What all environments see.
packages:
  - numpy
  - pandas
  - scipy
  - scikit-learn
  - matplotlib
  - seaborn
  - jupyterlab
  - ipykernel
  - tqdm
  - rich
  - opencv-python-headless
  - pillow
  - einops
  - safetensors
`;

/** The image of seed 000, as a `base.yaml`. */
export const gpuDefinition = `# A base that everybody's projects stand on: ddiff base build makes it, ddiff base render shows how.
version: 1
name: ddiff-base

os: ubuntu22.04
cuda: 12.4.1
# What the system has of CUDA, beside the libraries that each torch brings: base, runtime, devel (the compiler, for
# extensions), cudnn-runtime or cudnn-devel.
image: cudnn-devel
# The architectures that extensions are compiled for, and that every torch here must have code for.
capabilities: ["7.0", "7.5", "8.0", "8.6", "8.9", 9.0+PTX]

python: [3.10]
# Each in an environment of its own, with the torchvision and torchaudio that go with it and the CUDA next to the one above.
# A map says more: {version: 2.9.0, cuda: 12.6, flash-attn: {3.10: https://.../flash_attn-...-cp310-....whl}}
torch: [2.4.1, 2.5.1, 2.6.0, 2.7.1, 2.9.0]

${packages}
system:
  # tools
  - git
  - ffmpeg
  - vim
  - bzip2
  - tmux
  - wget
  - tar
  - htop
  - curl
  # X11 and OpenGL
  - mesa-utils
  - x11-apps
  - freeglut3-dev
  - libglu1-mesa-dev
  - mesa-common-dev
  - libxkbfile-dev
  - libgl1-mesa-glx
  - libgl1
  # compilers
  - gcc-12
  - g++-12
  - ninja-build
  - cmake
  - build-essential
profiler: nsight-systems-2024.6.2

# Who commands run as. root works too.
user: {name: dev, id: 1000}
`;

/** The same for laptops and CI: a small one for CPUs. */
export const cpuDefinition = `# A base for laptops and CI, without CUDA: ddiff base build makes it, ddiff base render shows how.
version: 1
name: ddiff-base

os: ubuntu22.04
cuda: cpu

python: [3.10]
# Each in an environment of its own, with the torchvision and torchaudio that go with it.
torch: [2.4.1, 2.5.1, 2.6.0, 2.7.1, 2.9.0]

${packages}
system:
  - git
  - ffmpeg
  - curl
  - ninja-build
  - cmake
  - build-essential

# Who commands run as. root works too.
user: {name: dev, id: 1000}
`;
