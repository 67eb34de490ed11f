import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bundleFileName, imageNameOf, nameInPlace, registryName, withTag } from "./names.ts";

describe("the bundle's file", () => {
  test.each([
    ["torch-app:2", "torch-app-2.ddiff"],
    ["seedres/new:1", "seedres-new-1.ddiff"],
    ["ghcr.io/lab/app:1.2_x", "ghcr.io-lab-app-1.2_x.ddiff"],
    ["localhost:5000/a:b", "localhost-5000-a-b.ddiff"],
    [`app@sha256:${"ab".repeat(32)}`, "app-abababababab.ddiff"],
    ["../../etc/passwd", "etc-passwd.ddiff"],
    ["", "image.ddiff"],
  ])("of %j is %s", (image, file) => {
    expect(bundleFileName(image)).toBe(file);
  });

  test("is a plain file in this folder whatever the image is called", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (image) => {
        expect(bundleFileName(image)).toMatch(/^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.ddiff$/);
      }),
    );
  });
});

test.each([
  [{ name: "torch-app:2", label: "oci:x:1" }, "torch-app:2"],
  [{ name: undefined, label: "oci-archive:/tmp/my.tar" }, "my.tar"],
  [{ name: undefined, label: "docker-daemon:sha256:abcd" }, "image"],
  [{ name: undefined, label: "dir:./some/folder/" }, "folder"],
])("the image of %j is called %s", (source, name) => {
  expect(imageNameOf(source)).toBe(name);
});

describe("a bare name in the registry", () => {
  test.each<[string, Record<string, string>, string]>([
    ["torch-app:2", {}, "docker://localhost:5000/torch-app:2"],
    ["torch-app:2", { DDIFF_PORT: "5601" }, "docker://localhost:5601/torch-app:2"],
    ["torch-app:2", { DDIFF_URL: "https://registry.lab/" }, "docker://registry.lab/torch-app:2"],
    ["torch-app:2", { DDIFF_URL: "http://gpu:5000" }, "docker://gpu:5000/torch-app:2"],
    ["torch-app:2", { DDIFF_URL: "gpu:5000/" }, "docker://gpu:5000/torch-app:2"],
    ["gpu:5000/app:1", { DDIFF_URL: "gpu:5000" }, "docker://gpu:5000/app:1"],
    ["other:5000/app:1", { DDIFF_URL: "gpu:5000" }, "docker://other:5000/app:1"],
    ["lab/app:1", {}, "docker://localhost:5000/lab/app:1"],
    ["ghcr.io/lab/app:1", {}, "docker://localhost:5000/ghcr.io/lab/app:1"],
    ["docker.io/library/debian:12", {}, "docker://localhost:5000/debian:12"],
    ["localhost:5000/app:1", {}, "docker://localhost:5000/app:1"],
    ["registry.lab:5000/app:1", {}, "docker://registry.lab:5000/app:1"],
    ["lab/app:1", { DDIFF_DISABLE_REPOSITORY: "1" }, "docker://localhost:5000/lab-app:1"],
    ["lab/app:1", { DDIFF_DISABLE_RESPOSITORY: "yes" }, "docker://localhost:5000/lab-app:1"],
    ["lab/app:1", { DDIFF_DISABLE_RESPOSITORY: "0" }, "docker://localhost:5000/lab/app:1"],
  ])("%s with %j is %s", (name, env, place) => {
    expect(registryName(name, env)).toBe(place);
  });

  test("must be a name", () => {
    expect(() => registryName("No Name", {})).toThrowError(
      expect.objectContaining({ code: "REFERENCE_INVALID", exitStatus: 2 }),
    );
  });
});

test.each([
  ["oci:seed", "a:1", "oci:seed:a:1"],
  ["docker://registry.lab:5000", "lab/a:1", "docker://registry.lab:5000/lab/a:1"],
  ["docker://registry.lab:5000/mirror/", "a:1", "docker://registry.lab:5000/mirror/a:1"],
  ["containers-storage:", "a:1", "containers-storage:a:1"],
  ["oci-archive:out/", "lab/a:1", "oci-archive:out/lab-a-1.tar:lab/a:1"],
  ["dir:out/", "lab/a:1", "dir:out/lab-a-1"],
  ["dir:out", "lab/a:1", "dir:out/lab-a-1"],
])("in %s, %s is %s", (to, image, place) => {
  expect(nameInPlace(to, image)).toBe(place);
});

test("a name without a tag means latest", () => {
  expect(withTag("debian")).toBe("debian:latest");
  expect(withTag("debian:12")).toBe("debian:12");
  expect(withTag("my.tar")).toBe("my.tar:latest");
  expect(withTag("Not A Name")).toBe("Not A Name");
});
