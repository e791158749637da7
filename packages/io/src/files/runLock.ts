import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  decode,
  E,
  escapeForTerminal,
  type OutputBusy,
  type OutputRefused,
  open,
  outputBusy,
  outputRefused,
  parseJson,
  pipe,
  positiveInteger,
  type TE,
  t,
} from '@cotangent/prelude'
import { systemCode, systemText } from './systemError.js'

/** Who holds a lock. A process id is used again by the system, so the process's start time belongs to it. */
export interface LockHolder {
  readonly pid: number
  /** When that process started, as its system counts it; empty where the system does not tell. */
  readonly start: string
  readonly host: string
}

const holderCodec: t.Type<LockHolder> = open({ pid: positiveInteger, start: t.string, host: t.string })

/** A lock that this process holds. */
export interface RunLock {
  /** What to tell the user when a lock was left by a run that is gone, else undefined. */
  readonly takenOver: string | undefined
  /** Removes the lock if it is still ours. Synchronous and never throws, so that it may run while the process ends. */
  readonly release: () => void
}

/** The lock's name within an output folder. */
export const lockName = 'run.lock'

/**
 * When a process started: field 22 of /proc/PID/stat (clock ticks since boot) with the boot's id. Empty where there is
 * no /proc; undefined where there is one and the process is not in it.
 */
const startOf = (pid: number): string | undefined => {
  if (process.platform !== 'linux') return ''
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the command in brackets and may hold spaces; after it comes field 3.
    const ticks = line.slice(line.lastIndexOf(')') + 2).split(' ')[22 - 3]
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}/${ticks ?? ''}`
  } catch {
    return undefined
  }
}

const answers = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    // EPERM: it exists and belongs to somebody else.
    return systemCode(thrown) === 'EPERM'
  }
}

const isAlive = ({ pid, start }: LockHolder): boolean => {
  if (!answers(pid)) return false
  const now = startOf(pid)
  return now === undefined || now === '' || start === '' || now === start
}

const self = (): LockHolder => ({ pid: process.pid, start: startOf(process.pid) ?? '', host: hostname() })

/** Creates a file with O_EXCL: false if there is one already. */
const created = (path: string, content: string): boolean => {
  let file: number
  try {
    file = openSync(path, 'wx')
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST') return false
    throw thrown
  }
  try {
    writeSync(file, content)
  } finally {
    closeSync(file)
  }
  return true
}

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined
    throw thrown
  }
}

const removed = (path: string): void => {
  try {
    unlinkSync(path)
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown
  }
}

const holderOf = (text: string, path: string): LockHolder | undefined =>
  pipe(
    parseJson(text, path),
    E.flatMap((json) => decode(holderCodec, json)),
    E.match(
      () => undefined,
      (holder) => holder,
    ),
  )

// Between the creation of a lock and its first byte there is a moment in which it is empty.
const looks = 5
const pauseMs = 40

/** What a lock says, looking again while it is being written; `gone` where it was removed meanwhile. */
const look = async (path: string): Promise<LockHolder | 'gone' | 'unreadable'> => {
  for (let i = 0; i < looks; i++) {
    const text = textOf(path)
    if (text === undefined) return 'gone'
    const holder = holderOf(text, path)
    if (holder !== undefined) return holder
    await wait(pauseMs)
  }
  return 'unreadable'
}

const named = ({ pid, host }: LockHolder): string => `process ${pid} on ${escapeForTerminal(host, 60)}`

const busyText = (holder: LockHolder, path: string): string =>
  holder.host === hostname()
    ? `${named(holder)} is writing here`
    : `${named(holder)} holds ${escapeForTerminal(path)}; whether it still runs cannot be seen from here`

/** Undefined where the lock is left by nobody alive. */
const heldBy = (state: LockHolder | 'unreadable'): LockHolder | undefined => {
  if (state === 'unreadable') return undefined
  return state.host !== hostname() || isAlive(state) ? state : undefined
}

const takenOverText = (state: LockHolder | 'unreadable'): string =>
  state === 'unreadable'
    ? 'The lock of an earlier run was empty; it was taken over.'
    : `The lock of an earlier run (${named(state)}) was taken over: that process is gone.`

/**
 * Takes a stale lock over. Two runs may try at once, so a second file made with O_EXCL lets one through at a time; it
 * looks again at the lock before removing it.
 */
const takeOver = async (path: string, content: string): Promise<E.Either<string, string | undefined>> => {
  const guard = `${path}.takeover`
  if (!created(guard, content)) return E.left(`another run is taking the lock over; if none is, remove ${guard}`)
  try {
    const state = await look(path)
    if (state !== 'gone') {
      const holder = heldBy(state)
      if (holder !== undefined) return E.left(busyText(holder, path))
      removed(path)
    }
    if (!created(path, content)) return E.left('another run was faster')
    return E.right(state === 'gone' ? undefined : takenOverText(state))
  } finally {
    removed(guard)
  }
}

const releaseOf = (path: string, content: string) => (): void => {
  try {
    if (textOf(path) === content) removed(path)
  } catch {
    // The process may be ending: what cannot be removed is found stale by the next run.
  }
}

/**
 * Takes the lock of an output folder: a file made with O_EXCL that holds process id, start time and host. A lock whose
 * process is gone, or whose id now belongs to another process, is taken over.
 *
 * @param folder an output folder that exists
 * @returns the lock, or OutputBusy where another run holds it; a run on another host is always believed
 * @example acquireRunLock('out')
 */
export const acquireRunLock =
  (folder: string): TE.TaskEither<OutputBusy | OutputRefused, RunLock> =>
  async () => {
    const path = join(folder, lockName)
    const content = `${JSON.stringify(self())}\n`
    try {
      if (created(path, content)) return E.right({ takenOver: undefined, release: releaseOf(path, content) })
      const state = await look(path)
      const holder = state === 'gone' ? undefined : heldBy(state)
      if (holder !== undefined) return E.left(outputBusy(folder, busyText(holder, path)))
      return pipe(
        await takeOver(path, content),
        E.bimap(
          (received) => outputBusy(folder, received),
          (takenOver) => ({ takenOver, release: releaseOf(path, content) }),
        ),
      )
    } catch (thrown) {
      const must = `${escapeForTerminal(folder)}: it must be possible to make a lock file here.`
      return E.left(outputRefused(folder, { must, received: systemText(thrown), todo: 'give another output folder' }))
    }
  }
