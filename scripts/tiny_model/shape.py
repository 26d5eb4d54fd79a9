"""The tiny model's shape: its settings, as files that engines read. Does not know weights.

It is a gpt-oss in everything but size: alternating window and full attention with sinks, YaRN,
experts with a router. Sizes are the smallest that engines accept: vLLM's attention on CPU needs
heads of 64, and the vocabulary must be whole for ids to mean what they mean.
"""

from __future__ import annotations

from typing import Any

VOCABULARY = 201_088
"""Rows of the embedding and of the output layer, as in the published models."""

RETURN, CALL, END_OF_TEXT, START_OF_TEXT = 200_002, 200_012, 199_999, 199_998

HIDDEN = 64


def config(vocabulary: int = VOCABULARY) -> dict[str, Any]:
    """Return the model's ``config.json``.

    Args:
        vocabulary: rows of the embedding; fewer while training, over the ids in use.

    """
    return {
        "architectures": ["GptOssForCausalLM"],
        "model_type": "gpt_oss",
        "vocab_size": vocabulary,
        "hidden_size": HIDDEN,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "layer_types": ["sliding_attention", "full_attention"],
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 64,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
        "experts_per_token": 2,
        "sliding_window": 128,
        "max_position_embeddings": 131_072,
        "initial_context_length": 4096,
        "rope_theta": 150_000.0,
        "rope_scaling": {
            "rope_type": "yarn",
            "factor": 32.0,
            "beta_fast": 32.0,
            "beta_slow": 1.0,
            "truncate": False,
            "original_max_position_embeddings": 4096,
        },
        "attention_bias": True,
        "attention_dropout": 0.0,
        "hidden_act": "silu",
        "swiglu_limit": 7.0,
        "rms_norm_eps": 1e-05,
        "router_aux_loss_coef": 0.0,
        "output_router_logits": False,
        "initializer_range": 0.1,
        "tie_word_embeddings": False,
        "use_cache": True,
        "torch_dtype": "bfloat16",
        # The first that knew gpt-oss; without one, transformers finds fault with the tokenizer.
        "transformers_version": "4.55.0",
        "eos_token_id": RETURN,
        "pad_token_id": END_OF_TEXT,
    }


def generation_config() -> dict[str, Any]:
    """Return the model's ``generation_config.json``: it stops where a gpt-oss does."""
    return {
        "bos_token_id": START_OF_TEXT,
        "pad_token_id": END_OF_TEXT,
        "eos_token_id": [RETURN, END_OF_TEXT, CALL],
        "do_sample": True,
    }
