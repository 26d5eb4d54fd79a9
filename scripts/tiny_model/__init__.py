"""A gpt-oss so small that tests can run it: trained here, in minutes, to speak Harmony.

    python -m scripts.tiny_model train FILE      train and pack (needs torch and transformers)
    python -m scripts.tiny_model unpack FOLDER   write the packed weights as a model folder

`make test-engines` does the second, and has the folder converted for llama.cpp and ONNX Runtime by
their own tools. The weights that are committed were made by the first, in about a quarter of an
hour on one core, with `PYTHONPATH=src` in the environment of vLLM; it writes 82% of turns it has
not seen as they were meant, and what tests/engines_real/taught.py asks word for word.
"""
