/* What page and worker say to each other. Both sides decode what they are told. */
import { methodNames } from '@cotangent/experiment'
import { integer, nonNegativeNumber, oneOf, open, readonlyList, refined, t } from '@cotangent/prelude'
import type { TermName } from './settings.js'

const mode = oneOf('auto', 'webgpu', 'webgl2', 'webasm', 'cpu')
const method = refined(t.string, (name) => methodNames.includes(name), `a method: ${methodNames.join(', ')}`)
const weights = open({ consistency: nonNegativeNumber, diversity: nonNegativeNumber, spectral: nonNegativeNumber })

/** What the page asks of the worker; done one after the other. */
export const commandCodec = t.union([
  /** A fine-tuning from its start, on an engine in this mode. */
  open({ _tag: t.literal('Open'), method, mode, weights }),
  /** Another engine for the fine-tuning under way, which goes on where it is. */
  open({ _tag: t.literal('ChangeMode'), mode }),
  /** For the steps from now on. */
  open({ _tag: t.literal('Weigh'), weights }),
  open({ _tag: t.literal('Run') }),
  open({ _tag: t.literal('Pause') }),
  /** One step, where none is under way. */
  open({ _tag: t.literal('Step') }),
  /** To the start of the fine-tuning. */
  open({ _tag: t.literal('Reset') }),
])

/** One of `commandCodec`. */
export type Command = t.TypeOf<typeof commandCodec>

const readings = open({
  total: t.number,
  task: t.number,
  consistency: t.number,
  diversity: t.number,
  spectral: t.number,
  gradient: t.number,
} satisfies Readonly<Record<TermName, t.Mixed>>)

const device = open({ kernels: integer, buffers: integer, bytes: integer })

/** What the worker tells the page. */
export const eventCodec = t.union([
  /** What it is busy with, and whether there is an engine meanwhile. */
  open({ _tag: t.literal('Busy'), text: t.string, usable: t.boolean }),
  /** Ready to make the step after `steps`. */
  open({
    _tag: t.literal('Ready'),
    method,
    mode,
    /** As asked for: `auto` or the mode. */
    requested: mode,
    adapter: t.string,
    /** Nothing but the processor computes. */
    software: t.boolean,
    passedOver: readonlyList(t.string),
    trainable: integer,
    steps: integer,
    running: t.boolean,
  }),
  /** A step was made. */
  open({
    _tag: t.literal('Stepped'),
    /** Steps made, this one included. */
    steps: integer,
    readings,
    weights,
    /** Singular values of the batch's logits, descending, and of the teacher's for the same mails. */
    spectrum: readonlyList(t.number),
    teacher: readonlyList(t.number),
    milliseconds: t.number,
    /** Programs compiled since the engine started. */
    compilations: integer,
    device,
  }),
  open({ _tag: t.literal('Running') }),
  open({ _tag: t.literal('Paused') }),
  /** What must hold, what was received, what to do. */
  open({
    _tag: t.literal('Failed'),
    message: t.string,
    /** Whether there is an engine to go on with. */
    usable: t.boolean,
  }),
])

/** One of `eventCodec`. */
export type LabEvent = t.TypeOf<typeof eventCodec>

export type Ready = Extract<LabEvent, { readonly _tag: 'Ready' }>
export type Stepped = Extract<LabEvent, { readonly _tag: 'Stepped' }>
