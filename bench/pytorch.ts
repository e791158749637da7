import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { decode, finite, getOrThrow, open } from '@cotangent/prelude'
import type { StepShape } from './step.js'

export type Variant = 'eager' | 'compile' | 'peft'

const timed = open({ seconds: finite, loss: finite })
const gemm = open({ gflops: finite })

/** `pytorch/step.py` as a process that answers line by line. */
export class PyTorch {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface

  constructor(python: string) {
    const script = fileURLToPath(new URL('pytorch/step.py', import.meta.url))
    this.#child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
    if (this.#child.stdout === null) throw new Error('the process has no output')
    this.#reader = createInterface({ input: this.#child.stdout })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  async #ask(request: object): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('bench/pytorch/step.py ended: see its message above')
    return JSON.parse(value)
  }

  /** Seconds of one step, over so many. */
  async step(variant: Variant, shape: StepShape, threads: number, steps: number): Promise<number> {
    return getOrThrow(decode(timed, await this.#ask({ do: 'step', variant, shape, threads, steps }))).seconds
  }

  /** GFLOP/s of PyTorch's own product. */
  async gemm(): Promise<number> {
    return getOrThrow(decode(gemm, await this.#ask({ do: 'gemm' }))).gflops
  }

  close(): void {
    this.#reader.close()
    this.#child.kill()
  }
}
