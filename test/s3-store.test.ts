import { afterAll, beforeAll } from "vitest";
import { openS3Store } from "../src/store/s3-store.ts";
import type { Store } from "../src/store/store.ts";
import { storeContract } from "../src/store/testing/store-contract.ts";
import { s3Missing, startS3, type TestS3 } from "./support/s3-server.ts";
import { describePlace } from "./support/tools.ts";

describePlace("s3", s3Missing(), () => {
  let s3: TestS3;
  beforeAll(async () => {
    s3 = await startS3();
  });
  afterAll(async () => {
    await s3.stop();
  });

  storeContract("a store in a bucket", async () => {
    const url = await s3.makeBucket("some/where");
    let store: Store = await openS3Store(url, s3.env);
    return {
      store,
      async reopen() {
        await store.close();
        store = await openS3Store(url, s3.env);
        return store;
      },
      dispose: () => store.close(),
    };
  });
});
