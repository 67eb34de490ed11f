import { beforeAll, describe, expect, it } from "vitest";
import { badImages } from "../bench/images/bad-images.ts";
import { badPlants } from "../bench/images/bad-plants.ts";
import {
  analyzeBad,
  type BadImage,
  judgePlant,
  listedBytes,
  safeByMistake,
} from "../bench/inspect/planted.ts";
import { contextIn, newFolder } from "../src/places/testing/folders.ts";
import { describePlace } from "./support/tools.ts";

/** Made by `DDIFF_BENCH_WORK=FOLDER node bench/images/bad-main.ts`; this is its folder `bad`. */
const folder = process.env["DDIFF_BAD_IMAGES"] ?? "";
const missing = folder === "" ? "DDIFF_BAD_IMAGES names no folder of bad images" : undefined;

describePlace("bad-images", missing, () => {
  describe.each(badImages)("the bad image %s", (name) => {
    const { plants, lines } = badPlants[name];
    let image: BadImage;

    beforeAll(async () => {
      const own = await newFolder();
      image = await analyzeBad(folder, name, contextIn(own, [], { XDG_CACHE_HOME: own }));
    }, 300_000);

    it.each(plants)("shows $what", (plant) => {
      const { planted, found } = judgePlant(image, plant);
      expect(Math.abs(found - planted) / planted, `${found} found of ${planted}`).toBeLessThan(0.01);
    });

    it("has nothing else that is called safe", () => {
      expect(safeByMistake(name, image)).toEqual([]);
    });

    it("has the Dockerfile's line of each layer", () => {
      expect(image.analysis.layers.map(({ step }) => step.line)).toEqual(lines);
    });

    it("has every byte of its layers in view or hidden", () => {
      const { visible, hidden } = image.analysis.sizes;
      expect(visible + hidden).toBe(listedBytes(image));
    });
  });
});
