"""Forest plots (小班) of the unified forest map (林地"一张图")."""

from __future__ import annotations

from sqlalchemy import Integer, Numeric, SmallInteger, String
from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer, described

_C1, _C2, _C3, _C4, _C6 = (String(n) for n in (1, 2, 3, 4, 6))
"""Lengths of 国家级公益林落界; columns whose length is not confirmed carry none."""


class Plot(SurveyedLayer, Base):
    """A forest plot, 小班: the smallest stand that is surveyed and managed as one."""

    __tablename__ = "plots"
    zh, en = "森林小班", "forest plots"
    natural_key = ("township", "village", "compartment", "subcompartment")

    # Where it stands
    province: Mapped[str | None] = described("省", "province", exchange="SHENG", type_=_C2)
    county: Mapped[str | None] = described("县", "county, 6 digits", exchange="XIAN", type_=_C6)
    township: Mapped[str] = described(
        "乡",
        "township code, 9 digits; exchange files carry its last three",
        exchange="XIANG",
        codes="townships",
        index=True,
    )
    village: Mapped[str] = described("村", "village, 3 digits", exchange="CUN", type_=_C3)
    forest_bureau: Mapped[str | None] = described("林业局(场)", "forest bureau", exchange="LIN_YE_JU")
    forest_farm: Mapped[str | None] = described("林场", "state forest farm", exchange="LIN_CHANG")
    compartment: Mapped[str] = described("林班", "compartment", exchange="LIN_BAN", type_=_C4)
    subcompartment: Mapped[str] = described("小班号", "plot number", exchange="XIAO_BAN", type_=_C6)

    # The site
    landform: Mapped[str | None] = described("地貌", "landform", exchange="DI_MAO", codes="landform", type_=_C1)
    elevation_m: Mapped[int | None] = described("海拔", "elevation", exchange="HAI_BA", unit="m", type_=SmallInteger)
    aspect: Mapped[str | None] = described("坡向", "aspect", exchange="PO_XIANG", codes="aspect", type_=_C1)
    slope_position: Mapped[str | None] = described(
        "坡位", "slope position", exchange="PO_WEI", codes="slope-position", type_=_C1
    )
    slope: Mapped[str | None] = described("坡度级", "slope class", exchange="PO_DU", codes="slope-class", type_=_C1)
    accessibility: Mapped[str | None] = described("交通区位", "accessibility", exchange="KE_JI_DU")
    soil: Mapped[str | None] = described("土壤类型", "soil type", exchange="TU_RANG_LX")
    soil_depth_cm: Mapped[int | None] = described(
        "土层厚度", "soil depth", exchange="TU_CENG_HD", unit="cm", type_=SmallInteger
    )
    site_quality: Mapped[str | None] = described("林地质量等级", "site quality", exchange="ZL_DJ")
    degradation: Mapped[str | None] = described("土地退化类型", "land degradation", exchange="TD_TH_LX")

    # The land and its rights
    area_hm2: Mapped[float | None] = described(
        "面积", "area as recorded", exchange="MIAN_JI", unit="hm²", type_=Numeric(18, 2, asdecimal=False)
    )
    land_tenure: Mapped[str | None] = described(
        "土地权属", "land tenure", exchange="LD_QS", codes="forest-tenure", type_=_C2
    )
    tree_tenure: Mapped[str | None] = described("林木权属", "tenure of the trees", exchange="LMQS")
    land_class: Mapped[str] = described("地类", "land class", exchange="DI_LEI", codes="forest-2020", type_=_C6)
    land_class_system: Mapped[str] = described(
        "地类分类标准",
        "classification system of the land class: 4 digits to 2019, 6 digits since",
        exchange="DLFLBZ",
        codes="land-class-systems",
        default="forest-2020",
        server_default="forest-2020",
    )
    protection: Mapped[str | None] = described(
        "林地保护等级", "protection grade of the forest land", exchange="BH_DJ", codes="forest-protection"
    )
    management: Mapped[str | None] = described("土地管理类型", "land management type", exchange="GLLX")
    supplement: Mapped[str | None] = described("补充林地", "supplementary forest land", exchange="BCLD")
    function_zone: Mapped[str | None] = described("林地功能分区", "forest function zone", exchange="LYFQ")
    main_zone: Mapped[str | None] = described("主体功能区", "main functional region", exchange="QYKZ")
    eco_location: Mapped[str | None] = described("生态区位", "ecological location", exchange="STQW")

    # What the forest is for
    purpose: Mapped[str | None] = described("林种", "forest purpose", exchange="LIN_ZHONG", codes="forest-purpose")
    category: Mapped[str | None] = described(
        "森林类别", "public-welfare or commercial forest", exchange="SEN_LIN_LB", codes="forest-category"
    )
    authority: Mapped[str | None] = described(
        "事权等级", "level of authority over public-welfare forest", exchange="SHI_QUAN_D", codes="authority-level"
    )
    welfare_grade: Mapped[str | None] = described(
        "国家级公益林保护等级",
        "grade of national public-welfare forest",
        exchange="GJGYL_BHDJ",
        codes="welfare-grade",
    )
    programme: Mapped[str | None] = described("工程类别", "forestry programme", exchange="G_CHENG_LB")

    # The stand
    origin: Mapped[str | None] = described("起源", "origin of the stand", exchange="QI_YUAN", codes="stand-origin")
    species: Mapped[str | None] = described("优势树种", "dominant species", exchange="YOU_SHI_SZ", codes="tree-species")
    age_group: Mapped[str | None] = described("龄组", "age group", exchange="LING_ZU", codes="age-group")
    mean_age: Mapped[int | None] = described(
        "平均年龄", "mean age", exchange="PINGJUN_NL", unit="a", type_=SmallInteger
    )
    canopy: Mapped[float | None] = described(
        "郁闭度/覆盖度",
        "canopy density; for shrub the cover divided by 100",
        exchange="YU_BI_DU",
        unit="0–1",
        type_=Numeric(6, 2, asdecimal=False),
    )
    mean_dbh_cm: Mapped[float | None] = described(
        "平均胸径", "mean diameter", exchange="PINGJUN_XJ", unit="cm", type_=Numeric(6, 1, asdecimal=False)
    )
    mean_height_m: Mapped[float | None] = described(
        "平均树高", "mean height", exchange="PINGJUN_SG", unit="m", type_=Numeric(6, 1, asdecimal=False)
    )
    volume_m3_hm2: Mapped[float | None] = described(
        "公顷蓄积", "volume per hectare", exchange="HUO_LMGQXJ", unit="m³/hm²", type_=Numeric(8, 1, asdecimal=False)
    )
    volume_m3: Mapped[float | None] = described(
        "蓄积量", "volume of the plot", exchange="HUO_LM_XJ", unit="m³", type_=Numeric(12, 1, asdecimal=False)
    )
    stems_hm2: Mapped[int | None] = described(
        "每公顷株数", "stems per hectare", exchange="MEI_GQ_ZS", unit="1/hm²", type_=Integer
    )
    belt_width_m: Mapped[float | None] = described(
        "林带宽度", "width of a forest belt", exchange="LD_KD", unit="m", type_=Numeric(8, 1, asdecimal=False)
    )
    belt_length_m: Mapped[float | None] = described(
        "林带长度", "length of a forest belt", exchange="LD_CD", unit="m", type_=Numeric(10, 1, asdecimal=False)
    )
    hazard: Mapped[str | None] = described("灾害类型", "kind of damage", exchange="DISPE")
    hazard_grade: Mapped[str | None] = described("灾害等级", "grade of damage", exchange="DISASTER_C")

    # The yearly campaign
    change_cause: Mapped[str | None] = described("变化原因", "cause of the change", exchange="BHYY")
    change_year: Mapped[int | None] = described("变化年度", "year of the change", exchange="BHND", type_=SmallInteger)
    remarks: Mapped[str | None] = described("备注", "remarks", exchange="REMARKS")
