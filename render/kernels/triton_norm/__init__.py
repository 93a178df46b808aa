"""GroupNorm and SiLU of channels_last pictures on NVIDIA GPUs, in Triton.

`torch.nn.functional.group_norm` wants NCHW there, where convolutions want channels_last: each norm would cost copies
both ways. These kernels read a picture as rows of pixels, each with its channels side by side in memory, and read it
twice for the value and twice, with its gradient, for the gradient.

32 groups would occupy only 32 of a GPU's processors, so a pass is split into programs of some pixels and some channels.
They write one partial result per channel, and a second, small kernel combines those of a group in a fixed order: no
atomics, so the same input gives the same bits. How a picture is split depends on its own size, not on the batch.
Statistics are float32, whatever the picture's type. Sizes of tiles follow from the shape, never from trial runs, and
nothing is read back from the device: launches may be captured in a CUDA graph.

Only `launch`, `forward`, `backward` and `tiles` import triton, which is not everywhere.
"""
