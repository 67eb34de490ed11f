import { storeContract } from "./testing/store-contract.ts";
import { openTestStore } from "./testing/disk.ts";

storeContract("a disk store", openTestStore, 30);
