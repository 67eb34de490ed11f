/** What makes the page move and look: a module for browsers and a style sheet. */
interface PageSource {
  script: string;
  style: string;
}

/** As JSON. Set by the builds (scripts/page.ts), where the sources do not lie beside the program. */
declare const DDIFF_PAGE: string | undefined;

/** The page's script and style, from the program itself or, where it runs unbuilt, from their sources. */
export async function pageSource(): Promise<PageSource> {
  if (typeof DDIFF_PAGE === "string") return JSON.parse(DDIFF_PAGE) as PageSource;
  return (await import("./join-page.ts")).joinPage();
}
