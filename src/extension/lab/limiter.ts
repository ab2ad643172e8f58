// Lets something happen a few times within a while, so that what fails at once is not tried for ever.

export class Limiter {
  private readonly most: number;
  private readonly windowMs: number;
  private times: number[] = [];

  constructor(most: number, windowMs: number) {
    this.most = most;
    this.windowMs = windowMs;
  }

  /** Whether it may happen at a time (ms); a yes is counted. */
  allows(now: number): boolean {
    this.times = this.times.filter((at) => now - at < this.windowMs);
    if (this.times.length >= this.most) return false;
    this.times.push(now);
    return true;
  }
}
