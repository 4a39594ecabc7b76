"""The image tower as ONNX, in fp32 and in int8, as the two projects' own documentation has it.

usage: python -m tests.benchmarks.exports STATE FOLDER

STATE is the state dict that open_clip loads. Run in a process of its own: what an export leaves in
memory would stand beside everybody's measuring.
"""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

from tests.benchmarks.files import ROOT, Exports, Work


def make_exports(work: Work) -> str:
    """Write both, unless they are there: "", or why the last one could not be written."""
    if work.exports.int8.is_file():
        return ""
    command = [sys.executable, "-m", __name__, str(work.weights.state), str(work.exports.folder)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    if not done.returncode:
        return ""
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


def main(state: Path, exports: Exports) -> None:
    """Export the tower, then quantise it."""
    exports.folder.mkdir(parents=True, exist_ok=True)
    whole, int8 = (path.with_suffix(".part") for path in (exports.whole, exports.int8))
    _export(state, whole)
    whole.rename(exports.whole)
    _quantise(exports.whole, int8)
    int8.rename(exports.int8)


def _export(state: Path, path: Path) -> None:
    """open_clip's image tower, for any number of pictures."""
    import open_clip
    import torch

    model = open_clip.create_model("ViT-B-32-quickgelu", pretrained=str(state)).visual.eval()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        export: Any = torch.onnx.export
        export(
            model,
            (torch.zeros(2, 3, 224, 224),),
            path,
            dynamo=True,
            input_names=["pixels"],
            output_names=["embeddings"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            external_data=False,
        )


def _quantise(whole: Path, int8: Path) -> None:
    """Dynamic quantisation, which ONNX Runtime advises for transformers.

    Of the matrix products: as integers, the convolution that makes patches has no fast kernel.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = int8.with_suffix(".prepared")
    quant_pre_process(str(whole), str(prepared))
    quantize_dynamic(
        str(prepared),
        str(int8),
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul", "Gemm"],
    )
    prepared.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Exports(Path(sys.argv[2])))
