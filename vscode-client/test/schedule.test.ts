import assert from "node:assert/strict";
import { test } from "node:test";
import { QUIET, REST, Schedule } from "../src/schedule";

/** Work that takes some time by a clock of its own. */
function staged(took: number) {
  let now = 0;
  let timers: { at: number; act: () => void }[] = [];
  const began: number[] = [];
  const after = (milliseconds: number, act: () => void) => {
    const timer = { at: now + milliseconds, act };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  };
  const work = () => {
    began.push(now);
    return new Promise<void>((resolve) => after(took, resolve));
  };
  const schedule = new Schedule(work, { now: () => now, after });
  const until = async (time: number) => {
    for (;;) {
      await new Promise(setImmediate);
      const next = timers.filter(({ at }) => at <= time).sort((one, other) => one.at - other.at)[0];
      if (next === undefined) {
        now = time;
        return;
      }
      timers = timers.filter((timer) => timer !== next);
      now = next.at;
      next.act();
    }
  };
  return { schedule, until, began };
}

test("what changes in one go is done once, when it is over", async () => {
  const { schedule, until, began } = staged(100);
  schedule.watched = true;
  schedule.touch();
  await until(QUIET - 1);
  schedule.touch();
  await until(10_000);
  assert.deepEqual(began, [2 * QUIET - 1]);
});

test("what changes meanwhile is done afterwards, and never at the same time", async () => {
  const { schedule, until, began } = staged(2000);
  schedule.watched = true;
  schedule.touch();
  await until(600);
  schedule.touch();
  await until(1200);
  schedule.touch();
  await until(20_000);
  assert.deepEqual(began, [QUIET, QUIET + 2000 + QUIET]);
});

test("while nobody looks it takes a tenth of the time at most", async () => {
  const { schedule, until, began } = staged(1000);
  schedule.touch();
  await until(2000);
  schedule.touch();
  await until(5000);
  schedule.touch();
  await until(100_000);
  assert.deepEqual(began, [QUIET, QUIET + 1000 + REST * 1000]);
});

test("whoever begins to look does not wait for that", async () => {
  const { schedule, until, began } = staged(1000);
  schedule.touch();
  await until(2000);
  schedule.touch();
  await until(3000);
  schedule.watched = true;
  await until(100_000);
  assert.deepEqual(began, [QUIET, 3000 + QUIET]);
});

test("it is done at once on demand, and what was to be done is then done", async () => {
  const { schedule, until, began } = staged(1000);
  let isDone = false;
  schedule.touch();
  void schedule.now().then(() => {
    isDone = true;
  });
  await until(999);
  assert.deepEqual([began, isDone], [[0], false]);
  await until(100_000);
  assert.deepEqual([began, isDone], [[0], true]);
});

test("two demands meanwhile are one", async () => {
  const { schedule, until, began } = staged(1000);
  void schedule.now();
  await until(500);
  void schedule.now();
  void schedule.now();
  await until(100_000);
  assert.deepEqual(began, [0, 1000]);
});

test("what is dropped is not done", async () => {
  const { schedule, until, began } = staged(1000);
  schedule.touch();
  schedule.drop();
  await until(100_000);
  assert.deepEqual(began, []);
  schedule.touch();
  await until(200_000);
  assert.deepEqual(began, [100_000 + QUIET]);
});
