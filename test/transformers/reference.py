"""References from Hugging Face transformers and peft, computed in float64 on tiny random models.

    reference.py build FOLDER     make the models and adapters below FOLDER, print what they compute
    reference.py score            read [{"folder", "adapter"?, "sequences"}] from stdin, print their log-probabilities
    reference.py chat FOLDER      read {"texts", "conversations"} from stdin, print token ids by AutoTokenizer

Everything is printed as one line of JSON on the last line of stdout.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers import GPT2Config, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config
from transformers.utils import logging

torch.set_num_threads(1)
logging.disable_progress_bar()

VOCABULARY = 96
LENGTHS = (45, 17, 30)
NEW_TOKENS = 20
# A larger epsilon than usual: where a gradient is zero but for rounding, AdamW would otherwise turn noise into a full step.
OPTIMIZER = {"lr": 5e-3, "betas": (0.9, 0.99), "eps": 1e-4, "weight_decay": 0.1}
MAX_GRAD_NORM = 1.0
STEPS = 3


def llama_like(kind, **changes):
    settings = dict(
        vocab_size=VOCABULARY,
        hidden_size=48,
        intermediate_size=88,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=128,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    merged = {**settings, **changes}
    if kind is Qwen2Config:
        # Its heads divide the width.
        del merged["head_dim"]
    return kind(**merged)


def gpt2(**changes):
    settings = dict(
        vocab_size=VOCABULARY, n_embd=48, n_layer=2, n_head=3, n_positions=128, bos_token_id=None, eos_token_id=None
    )
    return GPT2Config(**{**settings, **changes})


def rope(**values):
    return {"rope_theta": 10000.0, **values}


LLAMA3 = dict(
    rope_type="llama3",
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=32,
)

# name -> (config, how it is saved)
CASES = {
    "llama": (llama_like(LlamaConfig), {}),
    "llama-tied-one-key-head": (
        llama_like(LlamaConfig, num_key_value_heads=1, tie_word_embeddings=True, head_dim=24, rms_norm_eps=1e-5),
        {},
    ),
    "llama-biases": (
        llama_like(LlamaConfig, attention_bias=True, mlp_bias=True, num_key_value_heads=4, head_dim=8),
        {},
    ),
    "llama-llama3-rope": (
        llama_like(LlamaConfig, rope_parameters=rope(**{**LLAMA3, "rope_theta": 500000.0}), head_dim=32),
        {},
    ),
    "llama-linear-rope": (llama_like(LlamaConfig, rope_parameters=rope(rope_type="linear", factor=4.0)), {}),
    "llama-older-config": (
        llama_like(LlamaConfig, rope_parameters=rope(**{**LLAMA3, "rope_theta": 20000.0})),
        {"older_config": True},
    ),
    "llama-sharded": (llama_like(LlamaConfig, num_hidden_layers=3), {"max_shard_size": "60KB"}),
    "mistral": (llama_like(MistralConfig, sliding_window=8, head_dim=32, num_hidden_layers=3), {}),
    "mistral-no-window": (llama_like(MistralConfig, sliding_window=None, head_dim=8), {}),
    "mistral-float16": (llama_like(MistralConfig, sliding_window=16), {"dtype": torch.float16}),
    "qwen2": (llama_like(Qwen2Config, hidden_size=64, tie_word_embeddings=True), {}),
    "qwen2-bfloat16": (llama_like(Qwen2Config, hidden_size=96), {"dtype": torch.bfloat16}),
    "qwen2-window-from-layer-1": (
        llama_like(
            Qwen2Config,
            hidden_size=64,
            num_hidden_layers=3,
            use_sliding_window=True,
            sliding_window=6,
            max_window_layers=1,
        ),
        {},
    ),
    "qwen3": (llama_like(Qwen3Config, head_dim=32, num_key_value_heads=1), {}),
    "qwen3-biases-tied": (llama_like(Qwen3Config, attention_bias=True, tie_word_embeddings=True), {}),
    "gpt2": (gpt2(), {}),
    "gpt2-untied-wide": (gpt2(n_inner=72, tie_word_embeddings=False, n_head=2), {}),
    "gpt2-no-prefix": (gpt2(n_head=6), {"base_only": True}),
}

# name -> (model case, settings)
ADAPTERS = {
    "llama-attention": ("llama", dict(r=4, lora_alpha=8, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"])),
    "llama-full-names": ("llama", dict(r=3, lora_alpha=8, target_modules=["self_attn.q_proj", "mlp.down_proj"])),
    "qwen2-everything-rslora": (
        "qwen2",
        dict(
            r=4,
            lora_alpha=6,
            use_rslora=True,
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        ),
    ),
    "qwen3-mlp": ("qwen3", dict(r=2, lora_alpha=2, target_modules=["gate_proj", "up_proj", "down_proj"])),
    "gpt2-everything": (
        "gpt2",
        dict(r=4, lora_alpha=8, fan_in_fan_out=True, target_modules=["c_attn", "c_proj", "c_fc"]),
    ),
    "gpt2-attention-output": (
        "gpt2",
        dict(r=4, lora_alpha=8, fan_in_fan_out=True, target_modules=["attn.c_proj"]),
    ),
}


def token_ids(seed, length):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, VOCABULARY, (length,), generator=generator).tolist()


def token_weights(seed, length):
    """Zero on the first third (the prompt), random weights after it, some of them zero."""
    generator = torch.Generator().manual_seed(1000 + seed)
    values = torch.rand(length, generator=generator, dtype=torch.float64)
    values[values < 0.2] = 0
    values[: length // 3] = 0
    # Exactly representable in float32.
    return values.float().tolist()


@torch.no_grad()
def randomize(model, seed):
    """Values large enough that attention, norms and biases all matter, small enough for float32 to follow three steps."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.dim() == 2:
            parameter.copy_(noise * 1.6 / parameter.shape[-1] ** 0.5)
        elif name.endswith("bias"):
            parameter.copy_(noise * 0.2)
        else:
            parameter.copy_(1 + noise * 0.2)


def load(folder, adapter=None):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager")
    if adapter:
        model = PeftModel.from_pretrained(model, adapter, is_trainable=True).double()
    return model.eval()


def logprobs_of(model, ids):
    """[len(ids) - 1] log-probabilities of each token after the first."""
    logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, :-1]
    return torch.log_softmax(logits, -1).gather(1, torch.tensor(ids[1:])[:, None])[:, 0]


def score(model, sequences):
    with torch.no_grad():
        return [logprobs_of(model, ids).tolist() for ids in sequences]


def greedy(model, prompt):
    settings = dict(max_new_tokens=NEW_TOKENS, do_sample=False, use_cache=True, eos_token_id=None, pad_token_id=0)
    ids = torch.tensor([prompt])
    with torch.no_grad():
        return model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **settings)[0, len(prompt) :].tolist()


def train(model, sequences, weights):
    """AdamW on sum(w * nll) / sum(w) over all sequences, each run on its own."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, **OPTIMIZER)
    scale = sum(map(sum, weights))
    steps = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = 0
        for ids, w in zip(sequences, weights):
            loss = loss - (logprobs_of(model, ids) * torch.tensor(w[1:], dtype=torch.float64)).sum() / scale
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, MAX_GRAD_NORM)
        optimizer.step()
        steps.append({"loss": loss.item(), "gradNorm": norm.item()})
    return steps


def tensor_sums(named):
    return {name: {"sum": t.sum().item(), "l2": t.norm().item()} for name, t in named if t.requires_grad}


def write_older_config(folder):
    """config.json as transformers 4 wrote it: rope_theta and rope_scaling at the top."""
    file = Path(folder, "config.json")
    config = json.loads(file.read_text())
    rope_parameters = config.pop("rope_parameters")
    config["rope_theta"] = rope_parameters.pop("rope_theta")
    config["rope_scaling"] = rope_parameters
    config["torch_dtype"] = config.pop("dtype")
    file.write_text(json.dumps(config))


def save_model(folder, config, seed, how):
    model = AutoModelForCausalLM.from_config(config)
    randomize(model, seed)
    model = model.to(how.get("dtype", torch.float32))
    saved = model.transformer if how.get("base_only") else model
    saved.save_pretrained(folder, max_shard_size=how.get("max_shard_size", "1GB"))
    if how.get("older_config"):
        write_older_config(folder)


def training_reference(model, seed):
    sequences = [token_ids(seed + index, length) for index, length in enumerate(LENGTHS)]
    weights = [token_weights(seed + index, length) for index, length in enumerate(LENGTHS)]
    steps = train(model, sequences, weights)
    return {"sequences": sequences, "weights": weights, "steps": steps, "tensors": tensor_sums(model.named_parameters())}


def build_model(root, name, config, how, seed):
    folder = str(Path(root, name))
    save_model(folder, config, seed, how)
    model = load(folder)
    sequences = [token_ids(seed + index, length) for index, length in enumerate(LENGTHS)]
    prompts = [sequence[: 3 * len(sequence) // 4] for sequence in sequences]
    return {
        "name": name,
        "folder": folder,
        "sequences": sequences,
        "logprobs": score(model, sequences),
        "prompts": prompts,
        "greedy": [greedy(model, prompt) for prompt in prompts],
        "training": training_reference(model, seed + 50),
    }


def build_adapter(root, name, base, settings, seed):
    base_folder = str(Path(root, base))
    folder = str(Path(root, "adapters", name))
    adapted = get_peft_model(load(base_folder).float(), LoraConfig(task_type="CAUSAL_LM", **settings))
    state = {key: value for key, value in adapted.named_parameters() if "lora" in key}
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key in sorted(state):
            state[key].copy_(torch.randn(state[key].shape, generator=generator) * 0.2)
    adapted.save_pretrained(folder)
    model = load(base_folder, folder)
    sequences = [token_ids(seed + index, length) for index, length in enumerate(LENGTHS)]
    return {
        "name": name,
        "folder": folder,
        "base": base_folder,
        "sequences": sequences,
        "logprobs": score(model, sequences),
        "baseLogprobs": score(load(base_folder), sequences),
        "training": training_reference(model, seed + 50),
    }


def build(root):
    models = [build_model(root, name, *case, 100 * index) for index, (name, case) in enumerate(CASES.items())]
    adapters = [build_adapter(root, name, *case, 7000 + 100 * index) for index, (name, case) in enumerate(ADAPTERS.items())]
    optimizer = {**OPTIMIZER, "maxGradNorm": MAX_GRAD_NORM}
    return {"models": models, "adapters": adapters, "optimizer": optimizer, "newTokens": NEW_TOKENS}


def chat(folder, request):
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def rendered(conversation, add_generation_prompt):
        text = tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=add_generation_prompt)
        return {"text": text, "ids": tokenizer(text, add_special_tokens=False)["input_ids"]}

    return {
        "texts": [tokenizer(text)["input_ids"] for text in request["texts"]],
        "prompts": [rendered(conversation, True) for conversation in request["conversations"]],
        "whole": [rendered(conversation, False) for conversation in request["conversations"]],
    }


def main():
    command = sys.argv[1]
    if command == "build":
        result = build(sys.argv[2])
    elif command == "score":
        requests = json.load(sys.stdin)
        result = [score(load(r["folder"], r.get("adapter")), r["sequences"]) for r in requests]
    else:
        result = chat(sys.argv[2], json.load(sys.stdin))
    print(json.dumps(result))


main()
