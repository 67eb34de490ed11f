import type { Subject } from "../inspect/compare/subject.ts";
import type { NamedDockerfile } from "../inspect/steps.ts";
import { hostPlatform, pickPlatform, type Platform } from "../oci/platform.ts";
import type { PlaceContext, PlatformImage, Source } from "../places/place.ts";

/** Which images of a name are read. */
interface SubjectChoice {
  /** Those that are asked for; none: `everyPlatform` says. */
  platforms: readonly Platform[];
  /** Whether all are read where no platform is asked for; else this machine's. */
  everyPlatform: boolean;
  /** The Dockerfile that they were built with. */
  dockerfile?: NamedDockerfile;
}

/** An image to compare, with what a bundle of it is made from; a kept report has no source. */
export interface OpenSubject {
  subject: Subject;
  source: Source | undefined;
}

/**
 * Reads the analyses of images. A name that ends with `.json` is a kept report. `opened` gets every source that the caller is to close.
 * Throws what places throw, `PLATFORM_MISSING`, `REPORT_INVALID`.
 */
export async function openSubjects(
  names: readonly string[],
  { platforms, everyPlatform, dockerfile }: SubjectChoice,
  context: PlaceContext,
  opened: Source[],
): Promise<OpenSubject[]> {
  const [{ isReportName }, { subjectOf, subjectOfReport }, { inspectLayers }, { readImage }, { openPlace }] =
    await Promise.all([
      import("../inspect/reports/read-json.ts"),
      import("../inspect/compare/subject.ts"),
      import("../inspect/read-image.ts"),
      import("../places/image-tree.ts"),
      import("../places/open.ts"),
    ]);
  const subjects: OpenSubject[] = [];
  for (const name of names) {
    if (isReportName(name)) {
      subjects.push({ subject: await subjectOfReport(name), source: undefined });
      continue;
    }
    const source = await (await openPlace(name, context)).source();
    opened.push(source);
    const tree = await readImage(source, { platforms, referrers: false });
    const isAll = platforms.length > 0 || everyPlatform;
    for (const image of isAll ? tree.images : hostImage(tree.images)) {
      const inspected = await inspectLayers(source, tree, image, context);
      subjects.push({
        subject: subjectOf(name, inspected, dockerfile),
        source: await onlyImage(source, image),
      });
    }
  }
  return subjects;
}

function hostImage(images: readonly PlatformImage[]): PlatformImage[] {
  const image = pickPlatform(images, hostPlatform()) ?? images[0];
  return image === undefined ? [] : [image];
}

/** The source as if it held this one image. */
async function onlyImage(source: Source, image: PlatformImage): Promise<Source> {
  const { forwardTo } = await import("../places/forward.ts");
  return { ...forwardTo(source), root: () => source.readDocument(image.manifest) };
}
