/** A value with named parts; listeners say which parts they want to hear of. */
export class Store<S extends object> {
  private listeners = new Set<{ keys: ReadonlySet<keyof S>; heard: (state: Readonly<S>) => void }>();

  constructor(private current: Readonly<S>) {}

  get(): Readonly<S> {
    return this.current;
  }

  /** Replaces parts; listeners of those that are now another value are called at once, in the order they came. */
  set(parts: Partial<S>): void {
    const changed = (Object.keys(parts) as (keyof S)[]).filter((key) => !Object.is(parts[key], this.current[key]));
    if (changed.length === 0) return;
    this.current = { ...this.current, ...parts };
    for (const { keys, heard } of [...this.listeners]) {
      if (changed.some((key) => keys.has(key))) heard(this.current);
    }
  }

  /** Calls `heard` after each change of one of `keys`; returns how to stop that. */
  on(keys: readonly (keyof S)[], heard: (state: Readonly<S>) => void): () => void {
    const listener = { keys: new Set(keys), heard };
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
