import type { Peer } from "./peer.ts";

const verifyBlobs = 'for f in $missing; do cmp "$f" "fresh/$(basename "$f")"; done';

/** The original tool's method: the layers whose compressed digest is missing, whole, with config and manifest, in a .tar.gz. */
export const original: Peer = {
  id: "original",
  title: "original tool (whole layers, tar.gz -9)",
  programs: ["tar", "gzip"],
  make: "tar -C $newLayout/blobs/sha256 -cf - $(for f in $missing; do basename $f; done) | gzip -9 > delta/image.tar.gz",
  apply:
    'mkdir fresh; tar -C fresh -xzf delta/image.tar.gz; cd fresh; for f in *; do echo "$f  $f"; done | sha256sum -c --quiet',
  verify: verifyBlobs,
};

/** Copies into a layout that already holds the old image's blobs: only new blobs are written. */
export const skopeo: Peer = {
  id: "skopeo",
  title: "skopeo copy (layers by digest)",
  programs: ["skopeo"],
  prepare: "cp -r $oldLayout/blobs shared; cp -r $oldLayout/blobs far",
  make: "skopeo copy -q --dest-shared-blob-dir $PWD/shared oci:$newLayout:new oci:layout:new; for f in $(diff -rq $oldLayout/blobs shared | awk '/^Only in shared/{print $4}'); do cp shared/sha256/$f delta/; done",
  apply:
    'cp delta/* far/sha256/; mkdir fresh; cd delta; for f in *; do echo "$f  ../far/sha256/$f"; done | sha256sum -c --quiet',
  verify: 'for f in $missing; do cmp "$f" "far/sha256/$(basename "$f")"; done',
};

/** The whole image every time. `docker save` is played by skopeo's docker-archive, which has the same content. */
export const dockerSave: Peer = {
  id: "docker-save",
  title: "docker save, zstd -3 (whole image)",
  programs: ["skopeo", "zstd"],
  prepare: "skopeo copy -q oci:$newLayout:new docker-archive:image.tar:image:new",
  make: "zstd -3 -q < image.tar > delta/image.tar.zst",
  apply: "zstd -d -q < delta/image.tar.zst > out.tar",
  verify: "cmp image.tar out.tar",
};
