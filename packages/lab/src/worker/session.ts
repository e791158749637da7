import { type GpuEngine, type RequestedMode, startGpuEngine } from '@cotangent/engine-gpu'
import { knownMethods, type StudyMethod } from '@cotangent/experiment'
import { E, threeParts } from '@cotangent/prelude'
import type { Command, LabEvent } from '../protocol.js'
import type { Weights } from '../settings.js'
import { type Lab, type Place, type Seen, startOf, type Trainer, type Trainers, trainersOn } from './trainer.js'

/** An engine with the fine-tuning that runs on it. */
interface Running {
  readonly engine: GpuEngine
  readonly trainers: Trainers
  readonly trainer: Trainer
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** Lets messages in: the steps of an engine may never leave the queue of promises. */
const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

const notFinite = (what: string, value: number, step: number): string =>
  threeParts({
    must: 'The loss and its terms must be finite numbers.',
    received: `${what} ${value} at step ${step}`,
    todo: 'reset, and train with smaller weights',
  })

/**
 * One lab page's training: commands are done one after the other, each step is told.
 *
 * @param post tells the page
 * @returns takes a command
 */
export const makeSession = (lab: Lab, post: (event: LabEvent) => void): ((command: Command) => void) => {
  const methods = knownMethods(lab.settings)
  let queue: Promise<void> = Promise.resolve()
  let now: Running | null = null
  /** Where the next engine starts from, and how it is started. */
  let place: Place | null = null
  let requested: RequestedMode = 'auto'
  let weights: Weights = { consistency: 0, diversity: 0, spectral: 0 }
  let isRunning = false

  const pause = (): void => {
    if (isRunning) post({ _tag: 'Paused' })
    isRunning = false
  }

  const fail = (message: string): void => {
    pause()
    post({ _tag: 'Failed', message, usable: now !== null })
  }

  const enqueue = (job: () => Promise<void>): Promise<void> => {
    queue = queue.then(job).catch((cause: unknown) => fail(messageOf(cause)))
    return queue
  }

  const tellReady = ({ engine, trainer }: Running): void =>
    post({
      _tag: 'Ready',
      method: trainer.method.name,
      mode: engine.mode,
      requested,
      adapter: engine.adapter.name,
      software: engine.adapter.software,
      passedOver: engine.passedOver,
      trainable: trainer.trainable,
      steps: trainer.steps(),
      running: isRunning,
    })

  /** Ends the engine there is. */
  const leave = async (next: Place): Promise<void> => {
    place = next
    if (now === null) return
    const { trainer, engine } = now
    now = null
    trainer.free()
    await engine.close().catch(() => {}) // a lost device has nothing to close
  }

  const start = async (): Promise<void> => {
    if (place === null) return
    post({ _tag: 'Busy', text: `starting the engine, mode ${requested}`, usable: false })
    const started = await startGpuEngine({ mode: requested })()
    if (E.isLeft(started)) {
      return fail(`${started.left.message}\n\nThe training is kept: in another mode it goes on from where it was.`)
    }
    const trainers = trainersOn(lab, started.right)
    now = { engine: started.right, trainers, trainer: trainers.begin(place) }
    tellReady(now)
  }

  /** A method from its start, on the engine there is, or on a new one. */
  const restart = async (method: StudyMethod, mode: RequestedMode): Promise<void> => {
    const from = startOf(lab, method)
    if (now === null || mode !== requested) {
      await leave(from)
      requested = mode
      return start()
    }
    now.trainer.free()
    now = { ...now, trainer: now.trainers.begin(from) }
    tellReady(now)
  }

  const changeMode = async (mode: RequestedMode): Promise<void> => {
    if (now !== null) {
      const { trainer } = now
      // a lost device has nothing to go on from
      await leave(await trainer.place().catch(() => startOf(lab, trainer.method)))
    }
    requested = mode
    await start()
  }

  const stepOn = async (running: Running): Promise<Seen> => {
    if (running.trainers.compilations() === 0) post({ _tag: 'Busy', text: 'compiling the step', usable: true })
    try {
      return await running.trainer.step(weights)
    } catch (cause) {
      // what the step was given is gone
      await leave(startOf(lab, running.trainer.method))
      throw new Error(`${messageOf(cause)}\n\nThis training has ended. Choose another mode, or reset, to start anew.`)
    }
  }

  const step = async (): Promise<void> => {
    if (now === null) return
    const { engine, trainers, trainer } = now
    const began = performance.now()
    const used = weights
    const seen = await stepOn(now)
    const { kernels, buffers, bytes } = engine.stats()
    post({
      _tag: 'Stepped',
      ...seen,
      steps: trainer.steps(),
      weights: used,
      milliseconds: performance.now() - began,
      compilations: trainers.compilations(),
      device: { kernels, buffers, bytes },
    })
    const bad = Object.entries(seen.readings).find(([, value]) => !Number.isFinite(value))
    if (bad !== undefined) fail(notFinite(bad[0], bad[1], trainer.steps()))
  }

  const loop = async (): Promise<void> => {
    while (isRunning) {
      await enqueue(async () => {
        if (isRunning) await step()
      })
      await breathe()
    }
  }

  return (command) => {
    switch (command._tag) {
      case 'Open': {
        const method = methods.get(command.method)
        if (method === undefined) return
        pause()
        weights = command.weights
        void enqueue(() => restart(method, command.mode))
        return
      }
      case 'ChangeMode':
        void enqueue(() => changeMode(command.mode))
        return
      case 'Weigh':
        weights = command.weights
        return
      case 'Run':
        if (isRunning || now === null) return
        isRunning = true
        post({ _tag: 'Running' })
        void loop()
        return
      case 'Pause':
        pause()
        return
      case 'Step':
        pause()
        void enqueue(step)
        return
      case 'Reset':
        pause()
        void enqueue(async () => {
          const method = now?.trainer.method ?? place?.method
          if (method !== undefined) await restart(method, requested)
        })
    }
  }
}
