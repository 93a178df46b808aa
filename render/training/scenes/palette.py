"""Named colours, and the colours of light at each time of day."""

from dataclasses import dataclass

RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "red": (210, 30, 30),
    "orange": (242, 135, 30),
    "yellow": (246, 220, 50),
    "green": (45, 155, 55),
    "blue": (40, 85, 215),
    "purple": (130, 50, 180),
    "pink": (245, 145, 190),
    "brown": (120, 75, 40),
    "black": (14, 14, 17),
    "white": (243, 243, 243),
    "gray": (128, 128, 128),
    "turquoise": (50, 205, 200),
    "golden": (228, 175, 55),
    "violet": (150, 80, 225),
    "crimson": (165, 15, 45),
    "teal": (20, 125, 128),
    "magenta": (222, 40, 165),
    "silver": (190, 195, 202),
    "cyan": (40, 220, 240),
    "navy": (18, 28, 90),
    "emerald": (20, 150, 95),
    "lavender": (185, 160, 225),
    "beige": (225, 208, 175),
    "lime": (160, 225, 50),
}

GLOWS: dict[str, RGB] = {
    "green": (60, 240, 140),
    "purple": (175, 80, 245),
    "blue": (70, 140, 250),
    "pink": (245, 100, 190),
    "red": (235, 70, 80),
    "turquoise": (60, 230, 220),
    "violet": (150, 90, 250),
}

NEONS: tuple[RGB, ...] = (
    (255, 40, 160),
    (40, 230, 255),
    (170, 70, 255),
    (255, 90, 60),
    (60, 255, 140),
    (255, 220, 60),
)


@dataclass(frozen=True, kw_only=True)
class Light:
    """One time of day: the sky from top to horizon, the light on the ground, and its words."""

    top: tuple[RGB, ...]
    low: tuple[RGB, ...]
    tint: tuple[float, float, float]
    when: tuple[str, ...]
    sky: tuple[str, ...]
    weight: float = 1.0


LIGHTS: dict[str, Light] = {
    "noon": Light(
        top=((35, 95, 205), (50, 120, 225), (70, 145, 230)),
        low=((160, 210, 250), (195, 222, 245)),
        tint=(1.0, 1.0, 1.0),
        weight=6.0,
        when=(
            "at noon",
            "on a sunny day",
            "in bright daylight",
            "in summer",
            "under a blue sky",
            "on a clear day",
        ),
        sky=("a clear blue sky", "a bright blue sky", "a sunny sky"),
    ),
    "golden sunset": Light(
        top=((200, 130, 60), (150, 105, 85), (225, 150, 55), (120, 100, 120)),
        low=((255, 208, 90), (255, 190, 60)),
        tint=(0.95, 0.74, 0.45),
        weight=2.2,
        when=("at golden sunset", "in golden evening light", "at the golden hour", "in warm evening light"),
        sky=("a golden sunset", "a golden sky", "a glowing golden evening sky"),
    ),
    "orange sunset": Light(
        top=((50, 45, 110), (45, 65, 135), (125, 60, 90)),
        low=((255, 150, 50), (250, 120, 55)),
        tint=(0.82, 0.54, 0.42),
        weight=2.0,
        when=("at sunset", "as the sun sets", "in the evening", "during an orange sunset"),
        sky=("an orange sunset", "a sunset sky", "a colorful sunset", "a dramatic sunset"),
    ),
    "red sunset": Light(
        top=((105, 20, 40), (70, 18, 55)),
        low=((245, 70, 40), (255, 100, 50)),
        tint=(0.72, 0.34, 0.30),
        weight=1.0,
        when=("at a red sunset", "under a red sky", "in red evening light"),
        sky=("a red sunset", "a crimson sky", "a red sky"),
    ),
    "pink sunset": Light(
        top=((120, 90, 170), (195, 110, 175)),
        low=((255, 170, 182), (255, 190, 170)),
        tint=(0.88, 0.66, 0.76),
        when=("at a pink sunset", "under a pink sky"),
        sky=("a pink sunset", "a pink sky", "a pastel pink sky"),
    ),
    "purple sunset": Light(
        top=((60, 22, 115), (88, 40, 150)),
        low=((228, 110, 172), (250, 140, 140)),
        tint=(0.66, 0.46, 0.72),
        when=("at a purple sunset", "under a purple sky"),
        sky=("a purple sunset", "a purple sky", "a violet evening sky"),
    ),
    "sunrise": Light(
        top=((120, 155, 215), (150, 150, 210)),
        low=((255, 205, 165), (255, 192, 188)),
        tint=(0.96, 0.86, 0.80),
        weight=1.4,
        when=("at sunrise", "at dawn", "in the morning light", "early in the morning"),
        sky=("a soft sunrise", "a pale morning sky", "the rising sun"),
    ),
    "dusk": Light(
        top=((26, 24, 78), (38, 30, 90), (20, 40, 95)),
        low=((165, 95, 142), (118, 92, 152), (90, 120, 175)),
        tint=(0.40, 0.38, 0.60),
        weight=1.2,
        when=("at dusk", "in the twilight", "at the blue hour"),
        sky=("a dusky sky", "a twilight sky", "the evening sky"),
    ),
    "night": Light(
        top=((2, 4, 20), (7, 9, 32), (4, 10, 40)),
        low=((16, 24, 64), (26, 32, 66), (12, 30, 70)),
        tint=(0.20, 0.26, 0.46),
        weight=2.2,
        when=("at night", "on a dark night", "in the middle of the night"),
        sky=("a starry night sky", "a night sky full of stars", "countless stars", "the stars"),
    ),
    "moonlight": Light(
        top=((6, 10, 34), (12, 18, 48)),
        low=((38, 52, 96), (50, 64, 105)),
        tint=(0.30, 0.38, 0.58),
        weight=1.3,
        when=("in the moonlight", "on a moonlit night", "at night under the moon"),
        sky=("a full moon", "a bright moon", "a moonlit sky"),
    ),
    "overcast": Light(
        top=((125, 130, 140), (150, 153, 160)),
        low=((185, 190, 195), (205, 205, 208)),
        tint=(0.76, 0.78, 0.80),
        weight=1.2,
        when=("on a cloudy day", "on an overcast day", "on a dull gray day"),
        sky=("gray clouds", "an overcast sky", "a cloudy sky"),
    ),
    "storm": Light(
        top=((24, 26, 40), (40, 45, 58)),
        low=((85, 92, 110), (102, 106, 112)),
        tint=(0.40, 0.43, 0.52),
        weight=1.4,
        when=("in a storm", "in a thunderstorm", "during a storm"),
        sky=("dark storm clouds", "a stormy sky", "threatening black clouds"),
    ),
    "aurora": Light(
        top=((3, 7, 24), (6, 6, 32)),
        low=((12, 24, 50), (22, 24, 62)),
        tint=(0.27, 0.36, 0.48),
        weight=1.6,
        when=("at night", "on a polar night", "in the arctic night"),
        sky=("northern lights", "an aurora"),
    ),
}
