/** When something that takes long is done again. */

export interface Clock {
  /** The time in milliseconds. */
  now(): number;
  /** Do something later; what is returned calls it off. */
  after(milliseconds: number, act: () => void): () => void;
}

/** Milliseconds; what changes in one go is told in pieces. */
export const QUIET = 500;
/** How many times as long as the work took we rest before it is done again, while nobody looks. */
export const REST = 10;

/** Does work again after something has changed: never twice at a time, and seldom while nobody looks. */
export class Schedule {
  private isStale = false;
  private running: Promise<void> | undefined;
  private callOff = () => {};
  private isWatched = false;
  private readonly last = { took: 0, ended: Number.NEGATIVE_INFINITY };

  constructor(
    private readonly work: () => Promise<void>,
    private readonly clock: Clock,
  ) {}

  /** Whether somebody looks at what comes of it. */
  set watched(isWatched: boolean) {
    this.isWatched = isWatched;
    this.plan();
  }

  /** Something has changed. */
  touch(): void {
    this.isStale = true;
    this.plan();
  }

  /** Nothing is to be done any more, until something changes. */
  drop(): void {
    this.isStale = false;
    this.callOff();
  }

  /** Do it at once, or as soon as what is under way is done. */
  async now(): Promise<void> {
    this.isStale = true;
    this.callOff();
    await this.running;
    await (this.isStale ? this.run() : this.running);
  }

  private plan(): void {
    this.callOff();
    if (this.isStale && this.running === undefined) {
      const rested = this.isWatched ? 0 : this.last.ended + REST * this.last.took - this.clock.now();
      this.callOff = this.clock.after(Math.max(QUIET, rested), () => void this.run());
    }
  }

  private run(): Promise<void> {
    this.callOff();
    this.isStale = false;
    const began = this.clock.now();
    this.running = this.work().finally(() => {
      this.last.ended = this.clock.now();
      this.last.took = this.last.ended - began;
      this.running = undefined;
      this.plan();
    });
    return this.running;
  }
}
