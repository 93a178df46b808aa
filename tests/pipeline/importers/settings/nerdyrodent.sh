#!/bin/bash
# From the README of nerdyrodent/VQGAN-CLIP (MIT), with a shift and a start added.
python generate.py -p "A painting of a sunflower|photo:-1 ^ a painting of a rose ^ a painting of a tulip:0.5:-0.9 ^ a photo 16:9 shot" \
    -cpe 1500 -zvid -i 6000 -zse 10 -vl 20 -zsc 1.005 -zsx -3 --zoom_shift_y=2 -zs 100 -opt Adagrad -lr 0.15 -se 6000 \
    -s 384 256 --seed 11 -d
