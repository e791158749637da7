"""One BA-LoRA training step in PyTorch, timed on request. See README.md."""
from __future__ import annotations

import json
import math
import sys
import time

import torch
import torch.nn.functional as F

RANK, ALPHA, CLASSES, K = 8, 8, 9, 3
LAMBDAS = (0.1, 0.01, 0.01)


# ---------------------------------------------------------------- plain modules

class LowRank(torch.nn.Module):
    """A frozen linear layer with a trained product B A beside it."""

    def __init__(self, width: int):
        super().__init__()
        self.base = torch.nn.Linear(width, width)
        self.a = torch.nn.Parameter(torch.randn(RANK, width) / math.sqrt(width))
        self.b = torch.nn.Parameter(torch.randn(width, RANK) * 0.01)

    def forward(self, x, adapted: bool):
        y = self.base(x)
        return y + (x @ self.a.T) @ self.b.T * (ALPHA / RANK) if adapted else y


class Layer(torch.nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.value = LowRank(width), LowRank(width)
        self.key, self.out = torch.nn.Linear(width, width), torch.nn.Linear(width, width)
        self.up, self.down = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)
        self.norm1, self.norm2 = torch.nn.LayerNorm(width, eps=1e-12), torch.nn.LayerNorm(width, eps=1e-12)

    def forward(self, x, mask, adapted: bool):
        n, s, w = x.shape
        q, k, v = (t.view(n, s, self.heads, -1).transpose(1, 2)
                   for t in (self.query(x, adapted), self.key(x), self.value(x, adapted)))
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(n, s, w)
        x = self.norm1(x + self.out(mixed))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Encoder(torch.nn.Module):
    def __init__(self, layers: int, width: int, heads: int, vocabulary: int, length: int):
        super().__init__()
        self.words, self.places = torch.nn.Embedding(vocabulary, width), torch.nn.Embedding(length, width)
        self.kinds, self.norm = torch.nn.Embedding(2, width), torch.nn.LayerNorm(width, eps=1e-12)
        self.layers = torch.nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.pooler, self.classifier = torch.nn.Linear(width, width), torch.nn.Linear(width, CLASSES)
        self.first_head = torch.nn.Linear(width, CLASSES)
        self.first_head.load_state_dict(self.classifier.state_dict())
        for name, p in self.named_parameters():
            p.requires_grad = name.endswith((".a", ".b")) or name.startswith("classifier")

    def forward(self, ids, attention, adapted: bool):
        bias = torch.zeros(attention.shape).masked_fill(attention == 0, torch.finfo(torch.float32).min)[:, None, None]
        x = self.norm(self.words(ids) + self.places.weight[:ids.shape[1]] + self.kinds.weight[0])
        for layer in self.layers:
            x = layer(x, bias, adapted)
        pooled = torch.tanh(self.pooler(x[:, 0]))
        return (self.classifier if adapted else self.first_head)(pooled)


# ---------------------------------------------------------------- transformers and PEFT

class Peft(torch.nn.Module):
    def __init__(self, layers: int, width: int, heads: int, vocabulary: int, length: int):
        super().__init__()
        from peft import LoraConfig, get_peft_model
        from transformers import BertConfig, BertForSequenceClassification

        config = BertConfig(vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers,
                            num_attention_heads=heads, intermediate_size=4 * width, max_position_embeddings=length,
                            num_labels=CLASSES, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        self.model = get_peft_model(BertForSequenceClassification(config), LoraConfig(
            task_type="SEQ_CLS", r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=["query", "value"]))

    def forward(self, ids, attention, adapted: bool):
        if adapted:
            return self.model(input_ids=ids, attention_mask=attention).logits
        with self.model.disable_adapter():
            return self.model(input_ids=ids, attention_mask=attention).logits


# ---------------------------------------------------------------- the step

def objective(student, teacher, labels):
    n, d = student.shape
    consistency = F.mse_loss(F.normalize(student, dim=-1), F.normalize(teacher, dim=-1))
    centred = student - student.mean(0)
    covariance = centred.T @ centred / (n - 1)
    diversity = (covariance - torch.diag(torch.diagonal(covariance))).square().sum() / d
    values = torch.linalg.svdvals(student)
    spectral = -values[:K].sum() / values.sum()
    terms = (consistency, diversity, spectral)
    return F.cross_entropy(student, labels) + sum(w * t for w, t in zip(LAMBDAS, terms))


def make(variant: str, layers: int, width: int, heads: int, batch: int, length: int, vocabulary: int):
    torch.manual_seed(0)
    model = (Peft if variant == "peft" else Encoder)(layers, width, heads, vocabulary, length)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.01)
    ids = torch.randint(5, vocabulary, (batch, length))
    attention = torch.ones(batch, length, dtype=torch.long)
    attention[:, -length // 8:] = 0
    labels = torch.randint(0, CLASSES, (batch,))
    forward = torch.compile(model) if variant == "compile" else model

    def step() -> float:
        optimiser.zero_grad()
        with torch.no_grad():
            teacher = forward(ids, attention, False)
        loss = objective(forward(ids, attention, True), teacher, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        return loss.item()

    return step


def gemm_rate() -> float:
    """GFLOP/s of a 1024-cube product."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    for _ in range(3):
        a @ b
    start = time.perf_counter()
    for _ in range(10):
        a @ b
    return 10 * 2 * 1024 ** 3 / (time.perf_counter() - start) / 1e9


def main() -> None:
    steps = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "gemm":
            answer = {"gflops": gemm_rate(), "torch": torch.__version__}
        else:
            torch.set_num_threads(request["threads"])
            key = json.dumps(request["shape"], sort_keys=True) + request["variant"]
            if key not in steps:
                steps[key] = make(request["variant"], **request["shape"])
                for _ in range(3):
                    steps[key]()
            start = time.perf_counter()
            for _ in range(request["steps"]):
                loss = steps[key]()
            answer = {"seconds": (time.perf_counter() - start) / request["steps"], "loss": loss}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
