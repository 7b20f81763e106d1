import { setTimeout as sleep } from "node:timers/promises";

/** Wait for a condition; what it finds is returned. */
export async function until<T>(what: string, find: () => Promise<T | undefined> | T | undefined, seconds = 20): Promise<T> {
  const end = performance.now() + 1000 * seconds;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (performance.now() > end) {
      throw new Error(`not within ${seconds} s: ${what}`);
    }
    await sleep(50);
  }
}
