import { ArgumentError } from '@cotangent/core'
import type { Runtime, Session, SessionOptions } from './runtime.js'

/** A program that a session can be made of. */
export interface Loadable {
  /** Equal for equal programs. */
  readonly hash: string
  readonly model: Uint8Array
  /** How its session is made. */
  readonly options: SessionOptions
  /** Bytes that a session for it is reckoned to hold. */
  readonly bytes: number
}

interface Entry {
  readonly session: Promise<Session>
  readonly bytes: number
  /** Runs under way. */
  users: number
  /** When it was asked for last, counted in uses. */
  lastUse: number
}

/** What all open sessions together may hold. */
export interface SessionLimits {
  readonly bytes: number
  /** Their number: each has threads of its own, and a process can have some 10,000. */
  readonly sessions: number
}

/**
 * Sessions by their program's hash. Together they stay within limits: the one used least recently is closed first, and
 * made again when it is needed. Those that are running stay.
 */
export class SessionCache {
  readonly #entries = new Map<string, Entry>()
  #uses = 0
  #bytes = 0
  #closed = false

  constructor(
    private readonly ort: Runtime,
    private readonly limits: SessionLimits,
  ) {}

  /** Makes the session now, so that a model that does not load is found out here. */
  async load(program: Loadable): Promise<void> {
    await this.use(program, () => Promise.resolve())
  }

  /** Calls `f` with the program's session, which stays open meanwhile. */
  async use<T>(program: Loadable, f: (session: Session) => Promise<T>): Promise<T> {
    const entry = this.#entry(program)
    entry.users++
    try {
      return await f(await entry.session)
    } finally {
      entry.users--
      if (!this.#fits()) await this.#shrink(program.hash)
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#entries.size
  }

  /** Closes all sessions. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#entries.keys()].map((hash) => this.#drop(hash)))
  }

  #entry({ hash, model, options, bytes }: Loadable): Entry {
    if (this.#closed) {
      throw new ArgumentError({
        op: 'onnxEngine',
        expected: 'a compiled function must be called before its engine is closed.',
        received: 'a call after close()',
        todo: 'close the engine at the end, or make a new one and compile for it',
      })
    }
    const known = this.#entries.get(hash)
    if (known !== undefined) {
      known.lastUse = ++this.#uses
      return known
    }
    const session = this.ort.InferenceSession.create(model, options)
    const entry = { session, bytes, users: 0, lastUse: ++this.#uses }
    session.catch(() => this.#forget(hash)) // so that a failed one is tried again
    this.#entries.set(hash, entry)
    this.#bytes += bytes
    return entry
  }

  #fits(): boolean {
    return this.#bytes <= this.limits.bytes && this.#entries.size <= this.limits.sessions
  }

  #forget(hash: string): Entry | undefined {
    const entry = this.#entries.get(hash)
    if (entry !== undefined) this.#bytes -= entry.bytes
    this.#entries.delete(hash)
    return entry
  }

  async #drop(hash: string): Promise<void> {
    const session = await this.#forget(hash)?.session
    await session?.release()
  }

  /** Closes idle sessions, oldest first, until the rest fit; the one just used stays. */
  async #shrink(current: string): Promise<void> {
    const oldestFirst = [...this.#entries].sort(([, a], [, b]) => a.lastUse - b.lastUse)
    for (const [hash, { users }] of oldestFirst) {
      if (this.#fits()) return
      if (users === 0 && hash !== current) await this.#drop(hash)
    }
  }
}
