/** What hands have moved and the text does not say yet. */

import { type Moves, NO_MOVES } from "../model/items";
import type { Place } from "../model/selection";

export class Held {
  /** What a hand holds now. */
  hand: Moves = NO_MOVES;
  /** What is on its way into the text: drawn until the server's timeline has it. */
  sent: Moves = NO_MOVES;
  private expected: readonly Place[] | null = null;

  /** Both are drawn, and the hand's counts. */
  get moves(): Moves {
    return this.sent.size === 0 ? this.hand : new Map([...this.sent, ...this.hand]);
  }

  /** The hand lets go. */
  release(): void {
    this.sent = this.moves;
    this.hand = NO_MOVES;
  }

  /** The text did not take it. */
  takeBack(): void {
    this.sent = NO_MOVES;
    this.expected = null;
  }

  /**
   * What is to be selected once the text has it. A key that passes its neighbour changes places with it in the text and
   * has another id then, so these are found by their time.
   */
  expect(places: readonly Place[]): void {
    this.expected = places;
  }

  /** Ids are others now: what a hand holds goes on. */
  rename(name: (uid: string) => string): void {
    this.hand = new Map([...this.hand].map(([uid, move]) => [name(uid), move]));
  }

  /** The text has it: returns what is to be selected, or null if that stays. */
  arrived(): readonly Place[] | null {
    const places = this.expected;
    this.takeBack();
    return places;
  }
}
