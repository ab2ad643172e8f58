"""The other side of the benchmark: PyTorch eager with transformers, driven by JSON lines on stdin.

    {"do": "load", "folder", "threads", "device"}     answers {"versions"}
    {"do": "train" | "score", "sequences", "times"}   answers {"seconds", "value"}: value is the last loss or mean nll
    {"do": "decode", "prompts", "newTokens", "times"} answers {"seconds", "value"}: value is the number of new tokens

`peer.py --first-step FOLDER THREADS` does one training step on sequences from stdin, prints "done" and ends.
"""

import json
import os
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers

LEARNING_RATE = 1e-4
MAX_GRAD_NORM = 1.0


class Peer:
    def __init__(self, folder, threads, device):
        torch.set_num_threads(threads)
        self.device = torch.device(device)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="sdpa"
        ).to(self.device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=LEARNING_RATE)

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def train(self, request):
        ids = torch.tensor(request["sequences"], device=self.device)
        self.model.train()
        loss = self.model(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_GRAD_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()

    @torch.inference_mode()
    def score(self, request):
        ids = torch.tensor(request["sequences"], device=self.device)
        self.model.eval()
        logits = self.model(input_ids=ids, use_cache=False).logits[:, :-1]
        nll = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
        # The caller wants every token's number, not a tensor on a device.
        per_token = nll.tolist()
        return sum(map(sum, per_token)) / nll.numel()

    @torch.inference_mode()
    def decode(self, request):
        ids = torch.tensor(request["prompts"], device=self.device)
        self.model.eval()
        count = request["newTokens"]
        settings = dict(max_new_tokens=count, min_new_tokens=count, do_sample=False, use_cache=True, pad_token_id=0)
        out = self.model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **settings)
        return len(out[:, ids.shape[1] :].flatten().tolist())

    def run(self, request):
        verb = getattr(self, request["do"])
        self.wait()
        start = time.perf_counter()
        for _ in range(request["times"]):
            value = verb(request)
        self.wait()
        return {"seconds": time.perf_counter() - start, "value": value}


def first_step(folder, threads):
    peer = Peer(folder, int(threads), "cpu")
    peer.train({"sequences": json.load(sys.stdin)})
    print("done", flush=True)


def serve():
    peer = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "load":
            if request["device"] == "cuda" and not torch.cuda.is_available():
                answer = {"problem": "torch sees no CUDA device"}
            else:
                peer = Peer(request["folder"], request["threads"], request["device"])
                answer = {"device": torch.cuda.get_device_name() if request["device"] == "cuda" else "cpu"}
        else:
            answer = peer.run(request)
        print(json.dumps(answer), flush=True)


transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()
if sys.argv[1:2] == ["--first-step"]:
    first_step(*sys.argv[2:4])
else:
    serve()
